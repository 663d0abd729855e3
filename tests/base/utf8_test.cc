#include "base/utf8.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace base {
namespace {

TEST(Utf8Test, AcceptsOnlyWhatRfc3629Allows) {
  EXPECT_TRUE(is_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_utf8("\xc0\x80")) << "overlong";
  EXPECT_FALSE(is_utf8("\xe0\x80\x80")) << "overlong";
  EXPECT_FALSE(is_utf8("\xed\xa0\x80")) << "a surrogate";
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80")) << "above U+10FFFF";
  EXPECT_FALSE(is_utf8("\xe2\x82")) << "cut off";
  EXPECT_FALSE(is_utf8("\x80")) << "a continuation byte without its lead byte";
}

TEST(Utf8Test, TheVersionOfUnicodeIsKnown) {
  EXPECT_THAT(std::string(unicode_version()), testing::MatchesRegex("[0-9]+[.][0-9]+[.][0-9]+"));
}

TEST(Utf8Test, FoldingMakesTextsComparable) {
  EXPECT_EQ("M\u00fcll", composed("Mu\u0308ll"));
  EXPECT_EQ("a\u00fcb\ufffd", composed("au\u0308b\xff"));
  EXPECT_EQ("strasse", fold_case("STRAẞE"));
  EXPECT_EQ("invoice 1", fold_case("ＩＮＶＯＩＣＥ　１"));
  EXPECT_EQ("ab", fold_case("a\u200d\u00adb")) << "invisible characters";
  EXPECT_EQ("grösse", fold_case("GRÖSSE")) << "accents are kept";
  EXPECT_EQ("aero lodz dak isik", fold_letters("Ærø Łódź đåk ışık"));
  EXPECT_EQ("счет елка", fold_letters("Счёт Ёлка"));
  EXPECT_EQ("が", fold_letters("か\u3099")) << "a mark that makes another letter";
}

TEST(Utf8Test, LettersWithHooksAndTailsBecomePlainOnes) {
  EXPECT_EQ("алия точикистон сырав", fold_letters("Әлия Тоҷикистон ҫырав"));
  EXPECT_EQ("ггжзккккннсттуухчч", fold_letters("ҒҔҖҘҚҜҞҠҢҤҪҬҭҮҰҲҶҸ"));
  EXPECT_EQ("хчоз1 ае", fold_letters("ҺҼӨӠӀ Ӕ"));
  EXPECT_EQ("bdgi nout", fold_letters("ƁƊƓƗ ƝƟɄȾ"));
  EXPECT_EQ("\u0627\u0644\u0647", fold_letters("\u0671\u0644\u06c1")) << "Arabic";
  EXPECT_EQ("\u05d9\u05d9 \u05d5\u05d5 \u05d5\u05d9 \u05d9\u05d9",
            fold_letters("\u05f2\u05b7 \u05f0 \u05f1 \ufb1f"))
      << "Yiddish";
  EXPECT_EQ("აბგ", fold_letters("ᲐᲑᲒ"));
}

TEST(Utf8Test, ALetterWithAViramaIsTheSameInOneCharacterAndInThree) {
  EXPECT_EQ(fold_letters("\u0d28\u0d4d\u200d"), fold_letters("\u0d7b"));
  EXPECT_EQ("\u0d15\u0d4d", fold_letters("\u0d7f"));
  EXPECT_EQ(fold_letters("\u09a4\u09cd\u200d"), fold_letters("\u09ce"));
  EXPECT_EQ("\u0d28\u09bc\u0d4d", fold_letters("\u0d7b\u09bc")) << "marks in normal order";
}

TEST(Utf8Test, TheDigitsOfEveryScriptBecomeAscii) {
  for (const char* digits : {"٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "๐๑๒๓๔๕๖๗๘๙", "០១២៣៤៥៦៧៨៩",
                             "０１２３４５６７８９", "𞥐𞥑𞥒𞥓𞥔𞥕𞥖𞥗𞥘𞥙", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "𝟶𝟷𝟸𝟹𝟺𝟻𝟼𝟽𝟾𝟿"}) {
    EXPECT_EQ("0123456789", fold_letters(digits));
  }
  EXPECT_EQ("٣", fold_case("٣"));
}

TEST(Utf8Test, EnclosedLettersBecomePlainOnes) {
  EXPECT_EQ("hello hello", fold_letters("ⓗⓔⓛⓛⓞ ⒽⒺⓁⓁⓄ"));
  EXPECT_EQ("az az az", fold_letters("🄰🅉 🅐🅩 🅰🆉"));
}

TEST(Utf8Test, MarksWithinWordsAreLeftOut) {
  EXPECT_EQ("ինչու", fold_letters("Ինչո՞ւ")) << "Armenian";
  EXPECT_EQ("አበበ", fold_letters("አበ\u135fበ")) << "Ethiopic";
  EXPECT_EQ("\u0710\u0712", fold_letters("\u0710\u0730\u0712")) << "Syriac";
}

TEST(Utf8Test, MarksAroundOneThatIsLeftOutComeIntoNormalOrder) {
  EXPECT_EQ("\u0915\u0952\u0951", fold_letters("\u0915\u0951\u0640\u0952"));
  EXPECT_EQ("\u0915\u0952\u0951", fold_letters("\u0915\u0951\u0301\u0952"));
}

TEST(Utf8Test, AnIotaSubscriptIsLeftOutLikeAnAccent) {
  EXPECT_EQ("τω θεω", fold_letters("τῷ θεῷ"));
  EXPECT_EQ("τω", fold_letters("τω\u0342\u0345"));
  EXPECT_EQ("τω", fold_letters("τω\u0345\u0342"));
  EXPECT_EQ("ωδη ωδη", fold_letters("ᾠδή ᾨΔΉ"));
  EXPECT_EQ("αααααα", fold_letters("ᾀᾏᾲᾴᾷᾼ"));
  EXPECT_EQ("ηηηηηη", fold_letters("ᾐᾟῂῄῇῌ"));
  EXPECT_EQ("ωωωωωω", fold_letters("ᾠᾯῲῴῷῼ"));
  EXPECT_EQ("α η ω ι", fold_letters("ᾰ ὴ ὼ \u1fbe")) << "without a subscript";
  EXPECT_EQ("τῶι", fold_case("τῷ"));
}

TEST(Utf8Test, WordsConsistOfLettersMarksAndDigits) {
  for (const char32_t letter : std::u32string(U"a7éщאعहि가漢๑")) {
    EXPECT_TRUE(is_word_character(letter)) << static_cast<std::uint32_t>(letter);
  }
  for (const char32_t other : std::u32string(U" .-—。🎉€")) {
    EXPECT_FALSE(is_word_character(other)) << static_cast<std::uint32_t>(other);
  }
  for (const char32_t space : std::u32string(U" \u00a0\u1680\u2003\u2028\u2029\u202f\u3000")) {
    EXPECT_TRUE(is_space(space)) << static_cast<std::uint32_t>(space);
  }
  for (const char32_t other : std::u32string(U"a_\u200b\u2800\u3001")) {
    EXPECT_FALSE(is_space(other)) << static_cast<std::uint32_t>(other);
  }
  for (const char32_t mark : std::u32string(U"\u0301\u0332\u093f\u0e49\u20dd")) {
    EXPECT_TRUE(is_mark(mark)) << static_cast<std::uint32_t>(mark);
  }
  EXPECT_FALSE(is_mark(U'é'));
  EXPECT_TRUE(is_symbol(U'™'));
  EXPECT_FALSE(is_symbol(U'—'));
}

RC_GTEST_PROP(Utf8Test, FoldingTwiceChangesNothing, ()) {
  std::string text;
  const auto values = rc::gen::oneOf(rc::gen::inRange(0, 0x3000), rc::gen::inRange(0, 0x110000));
  for (const int value : *rc::gen::container<std::vector<int>>(values)) {
    if (value < 0xD800 || value > 0xDFFF) append_utf8(text, static_cast<char32_t>(value));
  }
  RC_ASSERT(composed(composed(text)) == composed(text));
  RC_ASSERT(fold_case(fold_case(text)) == fold_case(text));
  RC_ASSERT(fold_letters(fold_letters(text)) == fold_letters(text));
  RC_ASSERT(fold_letters(composed(text)) == fold_letters(text));
}

RC_GTEST_PROP(Utf8Test, EveryCodePointRoundTrips, ()) {
  const auto value = static_cast<char32_t>(*rc::gen::inRange(0, 0x110000));
  RC_PRE(value < 0xD800 || value > 0xDFFF);
  std::string text;
  append_utf8(text, value);
  const auto back = first_code_point(text + "tail");
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->value == value);
  RC_ASSERT(back->length == text.size());
}

TEST(Utf8Test, AShortenedTextEndsWithAWholeCharacter) {
  EXPECT_EQ(shortened("as it is", 8), "as it is");
  EXPECT_EQ(shortened("too long for it", 10), "too lon...");
  EXPECT_EQ(shortened("\u00E4\u00E4\u00E4\u00E4\u00E4", 8), "\u00E4\u00E4...");
  EXPECT_EQ(shortened("\xFF\xFF\xFF\xFF\xFF", 4), "\xFF...");
  EXPECT_EQ(shortened("four", 3), "");
  const std::string text = "a\u00E4\u20AC\U0001F389z";
  for (std::size_t limit = 4; limit < text.size(); ++limit) {
    const std::string part = shortened(text, limit);
    EXPECT_LE(part.size(), limit);
    EXPECT_TRUE(is_utf8(part)) << limit;
    EXPECT_TRUE(text.starts_with(std::string_view(part).substr(0, part.size() - 3))) << limit;
  }
}

}  // namespace
}  // namespace base
