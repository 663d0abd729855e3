// One outgoing command: typed words, and literals that may have to wait for the server's go-ahead
// (RFC 9051, section 4.3; RFC 7888).
//
// No text from a server, a store or a user goes into the command line unchecked: every word has a
// type, each type's grammar (RFC 9051, section 9) is enforced here, and no function accepts bytes
// as they are. A word that its grammar does not allow is omitted or fails, as documented.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "imap/capabilities.h"
#include "imap/message.h"
#include "imap/quota.h"
#include "imap/uid_set.h"

namespace imap {

// Which message literals are sent without waiting for the go-ahead.
enum class LiteralMode {
  kSynchronising,  // none
  kMinus,          // LITERAL-: up to 4096 bytes
  kPlus,           // LITERAL+: all
};

LiteralMode literal_mode(const Capabilities& capabilities);

// Command text that is a compile-time constant: printable ASCII, at least one character. Anything
// else does not compile.
class FixedText {
 public:
  consteval FixedText(const char* text) : text_(text) {
    if (text_.empty()) throw "an empty word";
    for (const char byte : text_) {
      if (byte < 0x20 || byte >= 0x7F) throw "only printable ASCII fits into a command's line";
    }
  }
  constexpr std::string_view view() const { return text_; }
  bool operator==(const FixedText&) const = default;

 private:
  std::string_view text_;
};

// Returns true if string() accepts the bytes: RFC 9051 allows every byte but NUL.
bool can_be_a_string(std::string_view bytes);

class Command {
 public:
  Command(FixedText verb, LiteralMode mode);

  // Each appends a space first.
  Command& text(FixedText text);
  Command& uids(const UidSet& uids);                // at least one; fails with kInternal
  Command& list(std::span<const FixedText> words);  // in parentheses
  // RETURN of LIST (RFC 5258, 5819, 6154): "RETURN (SPECIAL-USE STATUS (MESSAGES))".
  Command& return_status(bool with_use, std::span<const FixedText> items);
  Command& changed_since(std::uint64_t modseq);  // RFC 7162
  Command& resync(std::uint32_t uid_validity, std::uint64_t modseq);

  // In parentheses. Omits flags for which can_be_sent() is false, and those beyond kMaxSentFlags.
  Command& flags(std::span<const std::string> flags);

  // The parameter of CREATE for special uses (RFC 6154): "(USE (\Sent))". Omits those that
  // flags() would omit, and the whole parameter if none is left.
  Command& uses(std::span<const std::string> uses);

  // The limits of SETQUOTA, in parentheses. Fails with kRefused if a name is not an atom.
  Command& limits(std::span<const QuotaResource> resources);

  // A folder's name, a pattern or a value, byte for byte: a quoted string, or a literal if it can't
  // be quoted. That literal always waits for the go-ahead: a server that refuses the command
  // without reading the literal would interpret its bytes as commands. Fails with kRefused unless
  // can_be_a_string().
  Command& string(std::string_view bytes);

  // The arguments of APPEND for one message. Its bytes are borrowed, and its source kept, until the
  // command has been sent. `waits`: its literal waits for the go-ahead even if the server has
  // LITERAL+.
  Command& message(const AppendMessage& message, const Capabilities& capabilities, bool waits);

  // The literal is sent after `text`, and after a go-ahead if `waits`.
  struct Part {
    std::string text;
    base::ByteView borrowed;  // the literal's bytes, or ...
    std::string owned;        // ... these, or ...
    bool waits = false;
    std::shared_ptr<const MessageSource> source = {};  // ... these, if not null
  };
  const std::string& verb() const { return verb_; }
  std::vector<Part> take_parts() &&;

 private:
  Command& add(std::string_view text);
  // Appends the announcement of a literal of `size` bytes.
  void announce(std::uint64_t size, std::string_view marker, bool waits);

  std::string verb_;
  LiteralMode mode_;
  std::vector<Part> parts_;
  std::string text_;  // not yet in a part
};

}  // namespace imap
