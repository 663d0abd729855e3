// What a server sends in place of a message that it can't serve.
#pragma once

#include <cstddef>
#include <string_view>

namespace backupd {

// An apology is shorter. In bytes.
inline constexpr std::size_t kMaxApology = 4'096;

// Whether this whole "message" is one of Exchange's, "Retrieval using the IMAP4 protocol failed for
// the following message: 42". Mail about such a thing has come from somewhere: it has Received
// lines.
bool is_apology(std::string_view message);

}  // namespace backupd
