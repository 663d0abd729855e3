// How much a server may ask of us before it counts as broken or hostile.
#pragma once

#include <chrono>
#include <cstddef>

namespace imap {

// What goes beyond one of them fails with kProtocol; silence beyond its limit, and a message that
// takes too long, with ConnectionLost. Bodies
// of messages are streamed and have no limit but 2^63 - 1 bytes.
struct Limits {
  std::size_t longest_line = 64U << 20U;   // bytes, literals aside; no line is ever held whole
  std::size_t longest_token = 64U << 10U;  // bytes of an atom, a quoted string, a line of text
  std::size_t longest_value = 1U << 20U;   // bytes of a literal that is no message body
  std::size_t deepest_nesting = 32;        // parentheses
  std::size_t most_items = 8'000'000;      // words and numbers of one answer
  std::size_t most_kept = 64U << 20U;  // bytes in memory of one answer, and of all those collected
                                       // for one command
  std::chrono::milliseconds silence{300'000};    // no byte goes either way
  std::chrono::milliseconds message{1'800'000};  // from one message of a FETCH to the next
};

}  // namespace imap
