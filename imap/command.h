// One command on its way out: typed words, and literals that may have to wait for the server's
// go-ahead (RFC 9051, section 4.3; RFC 7888).
//
// Nothing that came from a server, a store or a user goes into the line unchecked: every word has a
// type, and each type's grammar is enforced here, where no caller can forget it.
#pragma once

#include <cstdint>
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

// Which literals of messages go out without waiting.
enum class LiteralMode {
  kSynchronising,  // none
  kMinus,          // LITERAL-: up to 4096 bytes
  kPlus,           // LITERAL+: all
};

LiteralMode literal_mode(const Capabilities& capabilities);

// Text of a command that was fixed when mailstow was built.
class FixedText {
 public:
  consteval FixedText(const char* text) : text_(text) {}
  constexpr std::string_view view() const { return text_; }
  bool operator==(const FixedText&) const = default;

 private:
  std::string_view text_;
};

class Command {
 public:
  Command(FixedText verb, LiteralMode mode);

  // Each puts a space in front.
  Command& text(FixedText text);
  Command& number(std::uint64_t number);
  Command& uids(const UidSet& uids);
  Command& list(std::span<const FixedText> words);  // in parentheses
  // RETURN of LIST (RFC 5258, 5819, 6154): "RETURN (SPECIAL-USE STATUS (MESSAGES))".
  Command& return_status(bool with_use, std::span<const FixedText> items);
  Command& changed_since(std::uint64_t modseq);  // RFC 7162
  Command& resync(std::uint32_t uid_validity, std::uint64_t modseq);

  // In parentheses. Leaves out what can_be_sent() refuses.
  Command& flags(std::span<const std::string> flags);

  // The parameter of CREATE for special uses (RFC 6154): "(USE (\Sent))".
  Command& uses(std::span<const std::string> uses);

  // Limits of SETQUOTA, in parentheses. Fails with kRefused if a name is no atom.
  Command& limits(std::span<const QuotaResource> resources);

  // A folder's name, a pattern or a value, byte for byte: quoted, or a literal where that can't
  // hold it. That literal always waits for the go-ahead: a server that refuses the command without
  // reading it would take the bytes for commands.
  Command& string(std::string_view bytes);

  // The arguments of APPEND for one message. Its bytes are borrowed until the command has gone out.
  // `waits`: its literal waits for the go-ahead even where the server has LITERAL+.
  Command& message(const AppendMessage& message, const Capabilities& capabilities, bool waits);

  // `literal` goes out behind `text`, after a go-ahead if it has to wait for one.
  struct Part {
    std::string text;
    base::ByteView borrowed;  // the literal's bytes, or ...
    std::string owned;        // ... these
    bool waits = false;
  };
  const std::string& verb() const { return verb_; }
  std::vector<Part> take_parts() &&;

 private:
  Command& add(std::string_view text);
  // Announces a literal of `size` bytes.
  void announce(std::size_t size, std::string_view marker, bool waits);

  std::string verb_;
  LiteralMode mode_;
  std::vector<Part> parts_;
  std::string text_;  // not yet in a part
};

}  // namespace imap
