// The message that a server sends in place of one that it can't serve.
#pragma once

#include <cstddef>
#include <string_view>

namespace imap {

// In bytes; every known apology is shorter.
inline constexpr std::size_t kMaxApology = 4'096;

// Returns whether the whole `message` is an apology of Exchange, "Retrieval using the IMAP4
// protocol failed for the following message: 42". Genuine mail that quotes one has Received lines.
bool is_apology(std::string_view message);

}  // namespace imap
