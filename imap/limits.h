// Limits beyond which a server counts as broken or hostile.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "imap/optional_commands.h"

namespace imap {

class WaitBudget;

// What the status of listed folders shows in addition to MESSAGES, UIDNEXT and UIDVALIDITY, if the
// server has it. Some servers open each folder for what they did not need before.
enum class ListDetail {
  kNumbers,  // nothing
  kChanges,  // HIGHESTMODSEQ (RFC 7162)
  kSizes,    // HIGHESTMODSEQ and SIZE (RFC 8438)
};

// Input beyond a limit fails with kProtocol; waiting longer than one of the times, with
// ConnectionLost. Message bodies are streamed; one larger than
// max_message fails with ConnectionLost before its first byte.
struct Limits {
  std::size_t max_line = 64U << 20U;   // bytes, without literals; no line is ever held whole
  std::size_t max_token = 64U << 10U;  // bytes of an atom, a quoted string, a line of text
  std::size_t max_value = 1U << 20U;   // bytes of a literal other than a message body
  std::uint64_t max_message = (std::uint64_t{1} << 32U) - 1;  // bytes: IMAP4rev1 has no larger ones
  std::size_t max_nesting = 32;                               // parentheses
  std::size_t max_items = 8'000'000;                          // words and numbers in one response
  std::size_t max_kept = 64U << 20U;  // bytes in memory of one response, and of all those collected
                                      // for one command
  std::chrono::milliseconds silence{300'000};    // no byte sent or received
  std::chrono::milliseconds command{1'800'000};  // bytes, but nothing that a command requested
  std::chrono::milliseconds message{1'800'000};  // from one message of a FETCH to the next
  std::shared_ptr<WaitBudget> waits = nullptr;   // of the account, shared by its connections
  CommandNames without = {};                     // optional commands that are not sent
  ListDetail list_detail = ListDetail::kSizes;
  bool lists_in_parts = false;  // what is prefetched stays under way, for Session::list_some()
  bool pipeline = true;  // false: a command is sent only after the completion of the one before it
};

}  // namespace imap
