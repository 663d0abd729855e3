#include "base/utf8.h"

#include <algorithm>
#include <vector>

#include <utf8proc.h>

#include "base/ascii.h"

namespace base {

namespace {

struct Lead {
  std::size_t length;
  char32_t bits;
  char32_t smallest;
};

std::optional<Lead> classify(unsigned char byte) {
  if (byte < 0x80) return Lead{1, byte, 0};
  if (byte >= 0xC2 && byte <= 0xDF) return Lead{2, byte & 0x1FU, 0x80};
  if (byte >= 0xE0 && byte <= 0xEF) return Lead{3, byte & 0x0FU, 0x800};
  if (byte >= 0xF0 && byte <= 0xF4) return Lead{4, byte & 0x07U, 0x10000};
  return std::nullopt;
}

struct Range {
  char32_t first;
  char32_t last;
};

// Marks that people leave out when they type: Latin, Greek and Cyrillic accents, Hebrew points, and
// Arabic vowels with the stroke that stretches words. In other scripts marks are vowels.
constexpr Range kMarksLeftOut[] = {
    {0x0300, 0x036F}, {0x0483, 0x0487}, {0x0591, 0x05BD}, {0x05BF, 0x05BF}, {0x05C1, 0x05C2},
    {0x05C4, 0x05C5}, {0x05C7, 0x05C7}, {0x0610, 0x061A}, {0x0640, 0x0640}, {0x064B, 0x065F},
    {0x0670, 0x0670}, {0x06D6, 0x06DC}, {0x06DF, 0x06E4}, {0x06E7, 0x06E8}, {0x06EA, 0x06ED},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE20, 0xFE2F}};

struct PlainLetter {
  char32_t letter;  // in lower case
  std::string_view plain;
};

// Unicode does not decompose these. Each is what people type who lack the key.
constexpr PlainLetter kPlainLetters[] = {
    {U'æ', "ae"}, {U'œ', "oe"}, {U'ø', "o"}, {U'ð', "d"}, {U'þ', "th"}, {U'đ', "d"}, {U'ħ', "h"},
    {U'ı', "i"},  {U'ł', "l"},  {U'ŋ', "n"}, {U'ŧ', "t"}, {U'ƀ', "b"},  {U'ɓ', "b"}, {U'ɖ', "d"},
    {U'ɗ', "d"},  {U'ƙ', "k"},  {U'ƴ', "y"}, {U'ɨ', "i"}, {U'ɛ', "e"},  {U'ɔ', "o"}, {U'ə', "e"},
    {U'ƶ', "z"},  {U'ǥ', "g"},  {U'ȷ', "j"}, {U'ґ', "г"}, {U'ғ', "г"},  {U'қ', "к"}, {U'ң', "н"},
    {U'ұ', "у"},  {U'ү', "у"},  {U'һ', "х"}, {U'ҳ', "х"}, {U'ө', "о"},  {U'ى', "ي"}, {U'ی', "ي"},
    {U'ک', "ك"},  {U'ة', "ه"},  {U'ʹ', "'"}, {U'ʻ', "'"}, {U'ʼ', "'"},  {U'ʽ', "'"}, {U'ʾ', "'"},
    {U'ʿ', "'"},  {U'ˈ', "'"}};

using Characters = std::vector<utf8proc_int32_t>;

// Greek letters with an iota subscript, which case folding would turn into a letter behind them,
// and what they are without it. Their other marks are left out as well.
struct IotaSubscript {
  Range range;
  utf8proc_int32_t plain;
};

constexpr IotaSubscript kIotaSubscripts[] = {
    {{0x0345, 0x0345}, 0x0301},  // the mark itself: any other one is left out later
    {{0x037A, 0x037A}, U' '},    // the sign for it
    {{0x1F80, 0x1F8F}, U'α'},   {{0x1F90, 0x1F9F}, U'η'}, {{0x1FA0, 0x1FAF}, U'ω'},
    {{0x1FB2, 0x1FB4}, U'α'},   {{0x1FB7, 0x1FB7}, U'α'}, {{0x1FBC, 0x1FBC}, U'α'},
    {{0x1FC2, 0x1FC4}, U'η'},   {{0x1FC7, 0x1FC7}, U'η'}, {{0x1FCC, 0x1FCC}, U'η'},
    {{0x1FF2, 0x1FF4}, U'ω'},   {{0x1FF7, 0x1FF7}, U'ω'}, {{0x1FFC, 0x1FFC}, U'ω'}};

// For utf8proc, which calls it before it folds a character.
utf8proc_int32_t without_iota_subscript(utf8proc_int32_t character, void* /*data*/) {
  const auto value = static_cast<char32_t>(character);
  if (value < 0x0345 || (value > 0x037A && value < 0x1F80) || value > 0x1FFC) return character;
  const auto* const known = std::ranges::find_if(kIotaSubscripts, [&](const IotaSubscript& letter) {
    return value >= letter.range.first && value <= letter.range.last;
  });
  return known == std::end(kIotaSubscripts) ? character : known->plain;
}

Characters decomposed(std::string_view text, int options, utf8proc_custom_func before = nullptr) {
  std::string valid;
  if (!is_utf8(text)) {
    for (std::string_view rest = text; !rest.empty();) {
      const auto next = first_code_point(rest);
      append_utf8(valid, next ? next->value : 0xFFFD);
      rest.remove_prefix(next ? next->length : 1);
    }
    text = valid;
  }
  Characters characters(text.size() + 1);
  for (;;) {
    // Reports how many characters there are, and writes them if they have room.
    const auto length =
        utf8proc_decompose_custom(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                  static_cast<utf8proc_ssize_t>(text.size()), characters.data(),
                                  static_cast<utf8proc_ssize_t>(characters.size()),
                                  static_cast<utf8proc_option_t>(options), before, nullptr);
    if (length < 0) return {};  // only for a text as long as memory, which no caller has
    const bool had_room = static_cast<std::size_t>(length) <= characters.size();
    characters.resize(static_cast<std::size_t>(length));
    if (had_room) return characters;
  }
}

std::string text_of(Characters characters) {
  const auto length =
      utf8proc_normalize_utf32(characters.data(), static_cast<utf8proc_ssize_t>(characters.size()),
                               static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  std::string text;
  for (utf8proc_ssize_t at = 0; at < length; ++at) {
    append_utf8(text, static_cast<char32_t>(characters[static_cast<std::size_t>(at)]));
  }
  return text;
}

bool is_ascii_byte(char byte) {
  return static_cast<unsigned char>(byte) < 0x80;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, is_ascii_byte);
}

constexpr int kFolding =
    UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;

}  // namespace

std::optional<CodePoint> first_code_point(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto lead = classify(static_cast<unsigned char>(text.front()));
  if (!lead || text.size() < lead->length) return std::nullopt;
  char32_t value = lead->bits;
  for (std::size_t at = 1; at < lead->length; ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte & 0xC0U) != 0x80) return std::nullopt;
    value = value << 6U | (byte & 0x3FU);
  }
  const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < lead->smallest || value > 0x10FFFF || is_surrogate) return std::nullopt;
  return CodePoint{value, lead->length};
}

bool is_utf8(std::string_view text) {
  for (;;) {
    // Nearly all text is ASCII.
    const auto* const other = std::ranges::find_if_not(text, is_ascii_byte);
    text.remove_prefix(static_cast<std::size_t>(other - text.begin()));
    if (text.empty()) return true;
    const auto next = first_code_point(text);
    if (!next) return false;
    text.remove_prefix(next->length);
  }
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto tail = [&](unsigned shift) {
    text += static_cast<char>(0x80U | (code_point >> shift & 0x3FU));
  };
  if (code_point < 0x80) {
    text += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    text += static_cast<char>(0xC0U | code_point >> 6U);
    tail(0);
  } else if (code_point < 0x10000) {
    text += static_cast<char>(0xE0U | code_point >> 12U);
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0U | code_point >> 18U);
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string shortened(std::string_view text, std::size_t limit) {
  constexpr std::string_view kDots = "...";
  if (text.size() <= limit) return std::string(text);
  if (limit <= kDots.size()) return {};
  std::size_t end = limit - kDots.size();
  constexpr std::size_t kMaxSequence = 4;  // bytes of a character
  for (std::size_t back = 1; back < kMaxSequence && back <= end; ++back) {
    const auto character = first_code_point(text.substr(end - back));
    if (!character) continue;
    if (character->length > back) end -= back;
    break;
  }
  return std::string(text.substr(0, end)).append(kDots);
}

bool is_control(char32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0) ||
         (code_point >= 0x200E && code_point <= 0x200F) ||
         (code_point >= 0x2028 && code_point <= 0x202E) ||
         (code_point >= 0x2066 && code_point <= 0x2069) || code_point == 0x061C;
}

std::size_t display_width(char32_t code_point) {
  const int width = utf8proc_charwidth(static_cast<utf8proc_int32_t>(code_point));
  return width < 0 ? 0 : static_cast<std::size_t>(width);
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto next = first_code_point(text);
    width += next ? display_width(next->value) : 1;
    text.remove_prefix(next ? next->length : 1);
  }
  return width;
}

bool is_word_character(char32_t code_point) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code_point))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
    case UTF8PROC_CATEGORY_CO:
      return true;
    default:
      return false;
  }
}

bool is_mark(char32_t code_point) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
         category == UTF8PROC_CATEGORY_ME;
}

bool is_symbol(char32_t code_point) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code_point)) == UTF8PROC_CATEGORY_SO;
}

std::string composed(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  return text_of(decomposed(text, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE));
}

std::string fold_case(std::string_view text) {
  if (!is_ascii(text)) return text_of(decomposed(text, kFolding));
  return lowered(text);
}

std::string fold_letters(std::string_view text) {
  if (is_ascii(text)) return fold_case(text);
  Characters plain;
  for (const utf8proc_int32_t character : decomposed(text, kFolding, without_iota_subscript)) {
    const auto value = static_cast<char32_t>(character);
    const bool is_left_out = std::ranges::any_of(kMarksLeftOut, [&](const Range& range) {
      return value >= range.first && value <= range.last;
    });
    if (is_left_out) continue;
    const auto* const known = std::ranges::find(kPlainLetters, value, &PlainLetter::letter);
    if (known == std::end(kPlainLetters)) {
      plain.push_back(character);
      continue;
    }
    for (std::string_view rest = known->plain; !rest.empty();) {
      const CodePoint next = first_code_point(rest).value_or(CodePoint{.value = ' ', .length = 1});
      plain.push_back(static_cast<utf8proc_int32_t>(next.value));
      rest.remove_prefix(next.length);
    }
  }
  return text_of(std::move(plain));
}

}  // namespace base
