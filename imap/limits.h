// How much a server may ask of us before it counts as broken or hostile.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace imap {

// What goes beyond one of them fails with kProtocol; silence beyond a timeout with kNetwork.
// Bodies of messages are streamed and have no limit but 2^63 - 1 bytes.
struct Limits {
  std::size_t longest_line = 64U << 20U;   // bytes, literals aside; a line is never held whole
  std::size_t longest_token = 64U << 10U;  // bytes of an atom or a quoted string
  std::size_t longest_value = 1U << 20U;   // bytes of a literal that is no message body
  std::size_t deepest_nesting = 32;        // parentheses
  std::size_t most_items = 4'000'000;  // words in one answer; folders, answers kept for one command
  std::chrono::milliseconds silence{300'000};  // without a byte in either direction
};

}  // namespace imap
