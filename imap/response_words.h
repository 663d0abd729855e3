// Elements common to several kinds of responses. Only for the response readers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imap/lexer.h"
#include "imap/uid_set.h"

namespace imap {

// (word word ...)
std::vector<std::string> read_list(Lexer& lexer);

// Words up to the end of the line; parentheses, which don't belong there, are skipped.
std::vector<std::string> read_words(Lexer& lexer);

// A sequence-set without `*`.
UidSet read_uid_set(Lexer& lexer);

// A number from 1 to 2^32 - 1; nullopt if it is another word: sizes and validities sent by servers
// are not always valid numbers.
std::optional<std::uint32_t> read_nz_number(Lexer& lexer);

// A number from 0 to 2^32 - 1.
std::optional<std::uint32_t> read_number(Lexer& lexer);

// The words of a text that is read already, without empty ones.
std::vector<std::string> split_at_spaces(std::string_view words);

// Skips the rest of the line and its end.
void skip_rest(Lexer& lexer);

}  // namespace imap
