#include "store/search_index/search_words.h"

#include <algorithm>

#include "base/utf8.h"

namespace store {

namespace {

struct Script {
  char32_t first;
  char32_t last;
};

// The characters of scripts that are written without blanks between words: those that UAX #14
// breaks by a dictionary (class SA), ideographs, and their kin. Korean has blanks, but appends
// endings; its jamo are what folding makes of the letters that stand alone, as in ㅋㅋ. Not here:
// Tibetan, in which a tsheg ends each syllable, and Ethiopic, which writes blanks or U+1361.
// Folding replaces letters of half or full width, compatibility ideographs and radicals, so they
// need no ranges. In order.
constexpr Script kFoundInside[] = {
    {0x0E00, 0x0EFF},    // Thai and Lao
    {0x1000, 0x109F},    // Burmese, also for Shan and Mon
    {0x1100, 0x11FF},    // Hangul jamo
    {0x1780, 0x17FF},    // Khmer
    {0x1950, 0x19FF},    // Tai Le, New Tai Lue, Khmer
    {0x1A00, 0x1AAF},    // Buginese, Tai Tham
    {0x1B00, 0x1B7F},    // Balinese
    {0x3005, 0x3007},    // of Han texts: 々 repeats a character, 〆 closes, 〇 is zero
    {0x3021, 0x3029},    // the numerals of Suzhou
    {0x3031, 0x3035},    // marks that repeat kana
    {0x3038, 0x303C},    // the numerals of Suzhou, and further marks that repeat
    {0x3040, 0x30FF},    // Hiragana and Katakana with their marks: ー ゝ ゞ ヽ ヾ
    {0x3100, 0x312F},    // Bopomofo
    {0x31A0, 0x31BF},    // Bopomofo
    {0x31F0, 0x31FF},    // Katakana
    {0x3400, 0x4DBF},    // Han
    {0x4E00, 0x9FFF},    // Han
    {0xA000, 0xA4CF},    // Yi
    {0xA960, 0xA97F},    // Hangul jamo
    {0xA980, 0xA9FF},    // Javanese, Burmese
    {0xAA60, 0xAADF},    // Burmese, Tai Viet
    {0xAC00, 0xD7FF},    // Hangul
    {0xF900, 0xFAFF},    // Han
    {0x11700, 0x1174F},  // Ahom
    {0x16FE0, 0x18DFF},  // Tangut, Khitan, and marks of Han texts
    {0x1AFF0, 0x1B2FF},  // Katakana, Hiragana, Nushu
    {0x20000, 0x3FFFD},  // Han
};

static_assert(std::ranges::is_sorted(kFoundInside, {}, &Script::first));

bool is_found_inside(char32_t value) {
  if (value < kFoundInside[0].first) return false;
  const auto* const behind = std::ranges::upper_bound(kFoundInside, value, {}, &Script::first);
  return value <= (behind - 1)->last;
}

enum class Joining {
  kText,            // joins text
  kEnclosedLetter,  // joins its kind: ⓗⓔⓛⓛⓞ is a word
  kSign,            // joins nothing
};

Joining joining_of(char32_t value) {
  if (value < 0x80) return Joining::kText;
  // Korean letters that are no syllables. Folding would make a syllable of ㅋ and the ㅠ behind it.
  if (value >= 0x3130 && value <= 0x318F) return Joining::kSign;
  const bool is_enclosed_letter = (value >= 0x24B6 && value <= 0x24E9) ||    // circled
                                  (value >= 0x1F130 && value <= 0x1F149) ||  // squared
                                  (value >= 0x1F150 && value <= 0x1F169) ||  // on discs
                                  (value >= 0x1F170 && value <= 0x1F189);    // on squares
  if (is_enclosed_letter) return Joining::kEnclosedLetter;
  return base::is_symbol(value) ? Joining::kSign : Joining::kText;
}

// Signs that folding turns into letters must not become part of a word: "Acme™" is "acme".
std::string with_signs_apart(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  Joining before = Joining::kText;
  while (!text.empty()) {
    const base::CodePoint point =
        base::first_code_point(text).value_or(base::CodePoint{.value = ' ', .length = 1});
    const Joining joining = joining_of(point.value);
    // A mark belongs to the character before it, such as the one that requests a colourful sign.
    const bool is_mark = point.value >= 0x80 && base::is_mark(point.value);
    if (!is_mark && (joining != before || joining == Joining::kSign)) result += ' ';
    if (!is_mark) before = joining;
    base::append_utf8(result, point.value);
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
