// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace base {

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  // bytes
};

// The first character of `text`; nullopt if `text` does not begin with a valid one (or is empty).
std::optional<CodePoint> first_code_point(std::string_view text);

bool is_utf8(std::string_view text);

void append_utf8(std::string& text, char32_t code_point);

// A text for people in at most `limit` bytes: a longer text is cut between two characters and ends
// with "...". Empty if there is no room for more than the dots.
std::string shortened(std::string_view text, std::size_t limit);

// Returns true for C0, DEL and C1 controls and for the marks that change the writing direction:
// characters that must not reach a terminal.
bool is_control(char32_t code_point);

// The columns that a character takes on a terminal: 0 for combining marks, 2 for wide East Asian
// characters and emoji, else 1.
std::size_t display_width(char32_t code_point);

// The same for a text. Each byte that is not UTF-8 takes one column.
std::size_t display_width(std::string_view text);

// Returns true for letters, marks and digits of every script: what words are made of.
bool is_word_character(char32_t code_point);

// Returns true for the spaces of Unicode, such as U+00A0 and U+3000, and its separators of lines
// and paragraphs; not for tabs and line ends, which are controls.
bool is_space(char32_t code_point);

// Returns true for marks, which are written on, or around, the letter before them.
bool is_mark(char32_t code_point);

// Returns true for signs that are not punctuation, such as U+2122 (trade mark) or emoji.
bool is_symbol(char32_t code_point);

// The version of Unicode that the forms below depend on, such as "15.0.0". It comes with the
// library that is loaded, so an update of the distribution may change it.
std::string_view unicode_version();

// The three forms below make texts comparable; each treats more texts as equal than the one before
// it. Applying one twice changes nothing more. Bytes that are not UTF-8 become U+FFFD.

// Unicode's normal form C: one sequence of bytes for each text that looks the same.
std::string composed(std::string_view text);

// NFKC with full case folding and without invisible characters: the same for "STRASSE" and
// "straße", for wide and narrow letters, for ligatures and what they stand for.
std::string fold_case(std::string_view text);

// The same without accents and points (of Latin, Greek, Cyrillic, Hebrew and Arabic letters), with
// a plain letter for those that are not made of a letter and a mark, such as ø, ł, æ, қ and ә, and
// with ASCII digits for the decimal digits of every script. The Greek iota subscript counts as a
// point here; fold_case() makes a letter of it, as Unicode says.
std::string fold_letters(std::string_view text);

}  // namespace base
