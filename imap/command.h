// One command on its way out: text, and literals that may have to wait for the server's go-ahead
// (RFC 9051, section 4.3; RFC 7888).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "imap/capabilities.h"
#include "imap/message.h"

namespace imap {

// Which literals go out without waiting.
enum class LiteralMode {
  kSynchronising,  // none
  kMinus,          // LITERAL-: up to 4096 bytes
  kPlus,           // LITERAL+: all
};

LiteralMode literal_mode(const Capabilities& capabilities);

// `flags` in parentheses, \Recent left out.
std::string flag_list(std::span<const std::string> flags);

class Command {
 public:
  Command(std::string_view verb, LiteralMode mode);

  // A word that is right as it stands, behind a space.
  Command& word(std::string_view text);

  // A folder's name or a pattern, byte for byte: quoted, or a literal where that can't hold it.
  Command& string(std::string_view bytes);

  // The arguments of APPEND for one message. Its bytes are borrowed until the command has gone out.
  Command& message(const AppendMessage& message, const Capabilities& capabilities);

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
  // Announces a literal of `size` bytes; true if it has to wait.
  bool announce(std::size_t size, std::string_view marker);

  std::string verb_;
  LiteralMode mode_;
  std::vector<Part> parts_;
  std::string text_;  // not yet in a part
};

}  // namespace imap
