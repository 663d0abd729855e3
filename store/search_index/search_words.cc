#include "store/search_index/search_words.h"

#include <algorithm>

#include "base/utf8.h"

namespace store {

namespace {

struct Script {
  char32_t first;
  char32_t last;
};

constexpr Script kFoundInside[] = {
    {0x0E00, 0x0EFF},    // Thai and Lao
    {0x1000, 0x109F},    // Burmese
    {0x1780, 0x17FF},    // Khmer
    {0x3040, 0x30FF},    // Hiragana and Katakana
    {0x31F0, 0x31FF},    // Katakana
    {0x3400, 0x4DBF},    // Han
    {0x4E00, 0x9FFF},    // Han
    {0xA9E0, 0xA9FF},    // Burmese
    {0xAA60, 0xAA7F},    // Burmese
    {0xAC00, 0xD7A3},    // Hangul
    {0xF900, 0xFAFF},    // Han
    {0x1AFF0, 0x1B16F},  // Katakana and Hiragana
    {0x20000, 0x323AF},  // Han
};

bool is_found_inside(char32_t value) {
  return std::ranges::any_of(kFoundInside, [&](const Script& script) {
    return value >= script.first && value <= script.last;
  });
}

// Signs that folding turns into letters must not become part of a word: "Acme™" is "acme".
std::string with_signs_apart(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const base::CodePoint point =
        base::first_code_point(text).value_or(base::CodePoint{.value = ' ', .length = 1});
    const bool is_apart = point.value >= 0x80 && base::is_symbol(point.value);
    if (is_apart) result += ' ';
    base::append_utf8(result, point.value);
    if (is_apart) result += ' ';
    text.remove_prefix(point.length);
  }
  return result;
}

}  // namespace

std::string search_words(std::string_view text) {
  const std::string folded = base::fold_letters(with_signs_apart(text));
  std::string words;
  bool begins_word = true;
  for (std::string_view rest = folded; !rest.empty();) {
    const base::CodePoint point =
        base::first_code_point(rest).value_or(base::CodePoint{.value = ' ', .length = 1});
    if (base::is_word_character(point.value)) {
      const bool is_alone = is_found_inside(point.value);
      if ((begins_word || is_alone) && !words.empty()) words += ' ';
      words += rest.substr(0, point.length);
      begins_word = is_alone;
    } else {
      begins_word = true;
    }
    rest.remove_prefix(point.length);
  }
  return words;
}

}  // namespace store
