// What several kinds of answers have in common. For the response readers alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "imap/lexer.h"
#include "imap/uid_set.h"

namespace imap {

// (word word ...)
std::vector<std::string> read_list(Lexer& lexer);

// Words up to the end of the line.
std::vector<std::string> read_words(Lexer& lexer);

// A sequence-set without `*`.
UidSet read_uid_set(Lexer& lexer);

// A number of 1 to 2^32 - 1; nothing if it is another word: what a server says of sizes and
// validities is not always one.
std::optional<std::uint32_t> read_nz_number(Lexer& lexer);

// A number of 0 to 2^32 - 1.
std::optional<std::uint32_t> read_number(Lexer& lexer);

// Whatever else stands on the line, and its end.
void skip_rest(Lexer& lexer);

}  // namespace imap
