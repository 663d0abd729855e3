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

// Marks that people leave out when they type: Latin, Greek and Cyrillic accents, the Armenian signs
// that stand on a vowel, Hebrew and Syriac points, Arabic vowels with the stroke that stretches
// words, Ethiopic lengths. In other scripts marks are vowels. In order.
constexpr Range kMarksLeftOut[] = {
    {0x0300, 0x036F}, {0x0483, 0x0487}, {0x055B, 0x055C}, {0x055E, 0x055E}, {0x0591, 0x05BD},
    {0x05BF, 0x05BF}, {0x05C1, 0x05C2}, {0x05C4, 0x05C5}, {0x05C7, 0x05C7}, {0x0610, 0x061A},
    {0x0640, 0x0640}, {0x064B, 0x065F}, {0x0670, 0x0670}, {0x06D6, 0x06DC}, {0x06DF, 0x06E4},
    {0x06E7, 0x06E8}, {0x06EA, 0x06ED}, {0x0730, 0x074A}, {0x0898, 0x089F}, {0x08CA, 0x08E1},
    {0x08E3, 0x08FF}, {0x135D, 0x135F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF},
    {0xFB1E, 0xFB1E}, {0xFE20, 0xFE2F}};

static_assert(std::ranges::is_sorted(kMarksLeftOut, {}, &Range::first));

bool is_left_out(char32_t value) {
  const auto* const behind = std::ranges::upper_bound(kMarksLeftOut, value, {}, &Range::first);
  return behind != std::begin(kMarksLeftOut) && value <= (behind - 1)->last;
}

// Letters that Unicode does not decompose, and in the same places of the second text what people
// type who lack their keys: Latin letters, apostrophes, Cyrillic and Arabic letters, and further
// Latin ones. In lower case, in order.
constexpr std::u32string_view kUndecomposed =
    U"ðøđħıĸłŋŧƀƈƒƙƚƞƥƭƴƶǝǥȥȷȼɇɉɍɏɓɔɖɗəɛɠɣɨɫɲɵɽʈʉʋʒ"
    U"ʹʻʼʽʾʿˈ"
    U"ҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӄӆӈӊӌӎӏәӡөӷӻӽӿԁԃԅԇԉԋԍԏԓԟԡԣԥԧԩԯ"
    U"\u0629\u0649\u0671\u06A9\u06BE\u06C1\u06C3\u06CC\u06D5"
    U"ᵽⱡⱥⱦ";
constexpr std::u32string_view kPlainLetters =
    U"dodhiklntbcfklnptyzegzjcejryboddeeggilnortuvz"
    U"'''''''"
    U"иьргггжзккккннпостуухцччхччклннчм1азоггххддззлнстлклнпхнл"
    U"\u0647\u064A\u0627\u0643\u0647\u0647\u0647\u064A\u0647"
    U"plat";

static_assert(kUndecomposed.size() == kPlainLetters.size() &&
              std::ranges::is_sorted(kUndecomposed));

struct LongLetter {
  char32_t letter;
  std::u32string_view plain;
};

// Those that become two letters, in order. The Bengali and Malayalam ones, which have no vowel, are
// also written as a letter, a virama and a joiner, which is left out.
constexpr LongLetter kLongLetters[] = {
    {0x00E6, U"ae"},           {0x00FE, U"th"},           {0x0153, U"oe"},
    {0x04D5, U"ае"},           {0x05F0, U"\u05D5\u05D5"}, {0x05F1, U"\u05D5\u05D9"},
    {0x05F2, U"\u05D9\u05D9"}, {0x09CE, U"\u09A4\u09CD"}, {0x0D54, U"\u0D2E\u0D4D"},
    {0x0D55, U"\u0D2F\u0D4D"}, {0x0D56, U"\u0D34\u0D4D"}, {0x0D7A, U"\u0D23\u0D4D"},
    {0x0D7B, U"\u0D28\u0D4D"}, {0x0D7C, U"\u0D30\u0D4D"}, {0x0D7D, U"\u0D32\u0D4D"},
    {0x0D7E, U"\u0D33\u0D4D"}, {0x0D7F, U"\u0D15\u0D4D"}};

static_assert(std::ranges::is_sorted(kLongLetters, {}, &LongLetter::letter));

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

bool is_decimal_digit(char32_t value) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(value)) == UTF8PROC_CATEGORY_ND;
}

// Returns the ASCII digit of a decimal digit. Unicode has those of each script in order from 0 to
// 9, and between scripts without a gap only whole sets.
char32_t ascii_digit(char32_t digit) {
  char32_t before = 0;
  while (is_decimal_digit(digit - before - 1)) ++before;
  return U'0' + before % 10;
}

// White letters on black discs and squares, which Unicode does not decompose, unlike black ones on
// white. Returns the plain letter, else the character itself.
char32_t without_background(char32_t value) {
  constexpr char32_t kDisc = 0x1F150;
  constexpr char32_t kSquare = 0x1F170;
  constexpr char32_t kAlphabet = 26;
  if (value >= kDisc && value < kDisc + kAlphabet) return U'a' + (value - kDisc);
  if (value >= kSquare && value < kSquare + kAlphabet) return U'a' + (value - kSquare);
  return value;
}

// `value` is not ASCII. Returns true if a mark was added that was not one before: in normal order,
// marks behind it may come before it.
bool append_plain(Characters& characters, char32_t value) {
  const auto* const long_letter =
      std::ranges::lower_bound(kLongLetters, value, {}, &LongLetter::letter);
  if (long_letter != std::end(kLongLetters) && long_letter->letter == value) {
    characters.insert(characters.end(), long_letter->plain.begin(), long_letter->plain.end());
    return is_mark(long_letter->plain.back());
  }
  const auto* const letter = std::ranges::lower_bound(kUndecomposed, value);
  if (letter != kUndecomposed.end() && *letter == value) {
    value = kPlainLetters[static_cast<std::size_t>(letter - kUndecomposed.begin())];
  } else if (is_decimal_digit(value)) {
    value = ascii_digit(value);
  } else {
    value = without_background(value);
  }
  characters.push_back(static_cast<utf8proc_int32_t>(value));
  return false;
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

bool is_space(char32_t code_point) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

bool is_mark(char32_t code_point) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
         category == UTF8PROC_CATEGORY_ME;
}

bool is_symbol(char32_t code_point) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code_point)) == UTF8PROC_CATEGORY_SO;
}

std::string_view unicode_version() {
  return utf8proc_unicode_version();
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
  bool is_in_order = true;  // also the marks that were on both sides of a character left out
  for (const utf8proc_int32_t character : decomposed(text, kFolding, without_iota_subscript)) {
    const auto value = static_cast<char32_t>(character);
    if (value < 0x80) {
      plain.push_back(character);
    } else if (is_left_out(value)) {
      is_in_order = is_in_order && utf8proc_get_property(character)->combining_class > 0;
    } else if (append_plain(plain, value)) {
      is_in_order = false;
    }
  }
  std::string folded = text_of(std::move(plain));
  if (is_in_order) return folded;
  return composed(folded);
}

}  // namespace base
