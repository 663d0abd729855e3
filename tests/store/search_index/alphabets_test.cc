// Text that is stored in one spelling and searched for in another, in many scripts.
#include <array>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/crypto.h"
#include "store/search_index/query.h"
#include "store/search_index/search_index.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

struct SearchPair {
  const char* script;
  const char* stored;
  const char* asked;
};

constexpr std::array kFound = {
    SearchPair{"Latin", "Straße", "strasse"},
    SearchPair{"Latin", "Straße", "STRASSE"},
    SearchPair{"Latin", "STRASSE", "straße"},
    SearchPair{"Latin", "Größe", "grosse"},
    SearchPair{"Latin", "Gro\u0308\u00dfe", "GRÖẞE"},
    SearchPair{"Latin", "Ærø", "aero"},
    SearchPair{"Latin", "aero", "ærø"},
    SearchPair{"Latin", "ışık", "isik"},
    SearchPair{"Latin", "İSTANBUL", "istanbul"},
    SearchPair{"Latin", "ISPARTA", "ısparta"},
    SearchPair{"Latin", "Łódź", "lodz"},
    SearchPair{"Latin", "Đà Nẵng", "da nang"},
    SearchPair{"Latin", "Tiếng Việt", "\"tieng viet\""},
    SearchPair{"Latin", "Þórður", "thordur"},
    SearchPair{"Latin", "cœur", "coeur"},
    SearchPair{"Latin", "Ħaż-Żebbuġ", "haz zebbug"},
    SearchPair{"Latin", "ﬁnance oﬃce", "finance office"},
    SearchPair{"Latin", "ＩＮＶＯＩＣＥ　２０２６", "invoice 2026"},
    SearchPair{"Latin", "Acme™ Café", "acme cafe"},
    SearchPair{"Latin", "Rechnung №5", "\"no 5\""},
    SearchPair{"Latin", "ⓗⓔⓛⓛⓞ Ⓜⓞⓜ", "hello mom"},
    SearchPair{"Latin", "🅷🅴🅻🅻🅾️", "hello"},
    SearchPair{"Latin", "AcmeⓇ", "acme"},
    SearchPair{"Latin", "𝓱𝓮𝓵𝓵𝓸", "hello"},
    SearchPair{"Latin", "soft\u00adhyphen", "softhyphen"},
    SearchPair{"Latin", "Nguyễn Thị", "nguye*"},
    SearchPair{"Greek", "Τιμολόγιο", "τιμολογιο"},
    SearchPair{"Greek", "ΤΙΜΟΛΟΓΙΟ", "τιμολόγιο"},
    SearchPair{"Greek", "Ὀδυσσεύς", "ΟΔΥΣΣΕΥΣ"},
    SearchPair{"Greek", "λόγος", "ΛΟΓΟΣ"},
    SearchPair{"Greek", "τῷ θεῷ", "τω θεω"},
    SearchPair{"Greek", "τω θεω", "τω\u0342\u0345 θεῷ"},
    SearchPair{"Greek", "ᾠδή", "ωδη"},
    SearchPair{"Cyrillic", "Счёт, ёлку", "счет"},
    SearchPair{"Cyrillic", "Счёт, ёлку", "елку"},
    SearchPair{"Cyrillic", "СЧЕТ", "счёт"},
    SearchPair{"Cyrillic", "Іи\u0306ов", "ійов"},
    SearchPair{"Cyrillic", "п’ять", "п'ять"},
    SearchPair{"Cyrillic", "Қазақстан", "казакстан"},
    SearchPair{"Cyrillic", "Әлия", "алия"},
    SearchPair{"Cyrillic", "Тоҷикистон", "точикистон"},
    SearchPair{"Cyrillic", "ҫырав", "СЫРАВ"},
    SearchPair{"Cyrillic", "ГӀалгӀай", "г1алг1ай"},
    SearchPair{"Armenian", "ԵՐԵՒԱՆ", "երևան"},
    SearchPair{"Armenian", "Հաշիվ", "հաշիվ"},
    SearchPair{"Armenian", "Ինչո՞ւ", "ինչու"},
    SearchPair{"Georgian", "ᲗᲑᲘᲚᲘᲡᲘ", "თბილისი"},
    SearchPair{"Hebrew", "חֶשְׁבּוֹנִית", "חשבונית"},
    SearchPair{"Hebrew", "שָׁלוֹם עוֹלָם", "עולם"},
    SearchPair{"Hebrew", "\ufb2a\u05d0\u05dc\u05d4", "שאלה"},
    SearchPair{"Hebrew", "ײַדיש", "יידיש"},
    SearchPair{"Hebrew", "\u05d9\u05d9\u05d3\u05d9\u05e9", "\ufb1f\u05d3\u05d9\u05e9"},
    SearchPair{"Arabic", "فَاتُورَة", "فاتورة"},
    SearchPair{"Arabic", "أحمد", "احمد"},
    SearchPair{"Arabic", "فـــاتورة", "فاتوره"},
    SearchPair{"Arabic", "ﻓﺎﺗﻮﺭﺓ", "فاتورة"},
    SearchPair{"Arabic", "یادداشت کار", "يادداشت كار"},
    SearchPair{"Arabic", "می\u200cخواهم", "میخواهم"},
    SearchPair{"Arabic", "ٱلكتاب", "الكتاب"},
    SearchPair{"Arabic", "فاتورة ٢٠٢٦", "2026"},
    SearchPair{"Arabic", "2027", "۲۰۲۷"},
    SearchPair{"Arabic", "۲۰۲۷", "٢٠٢٧"},
    SearchPair{"Devanagari", "चालान २०२६", "2026"},
    SearchPair{"Devanagari", "\u0929\u092e", "\u0928\u093c\u092e"},
    SearchPair{"Devanagari", "हिन्\u200cदी", "हिन्दी"},
    SearchPair{"Devanagari", "क्\u200dषमा", "क्षमा"},
    SearchPair{"Devanagari", "हिन्दी", "हिन्*"},
    SearchPair{"Devanagari", "क\u093cलम", "\u0958लम"},
    SearchPair{"Bengali", "\u09ac\u09be\u09dc\u09bf", "\u09ac\u09be\u09a1\u09bc\u09bf"},
    SearchPair{"Bengali", "\u0995\u09c7\u09be\u09a8", "\u0995\u09cb\u09a8"},
    SearchPair{"Bengali", "চালান ২০২৬", "2026"},
    SearchPair{"Bengali", "র\u200d্যাব", "র্যাব"},
    SearchPair{"Bengali", "\u0989\u09ce\u09b8\u09ac", "\u0989\u09a4\u09cd\u200d\u09b8\u09ac"},
    SearchPair{"Gurmukhi", "\u0a36\u0a39\u0a3f\u0a30", "\u0a38\u0a3c\u0a39\u0a3f\u0a30"},
    SearchPair{"Gurmukhi", "\u0a2b\u0a3c\u0a40\u0a38", "\u0a5e\u0a40\u0a38"},
    SearchPair{"Gurmukhi", "ਬਿੱਲ ੨੦੨੬", "2026"},
    SearchPair{"Gujarati", "ભરતિયું ૨૦૨૬", "2026"},
    SearchPair{"Gujarati", "2026", "૨૦૨૬"},
    SearchPair{"Gujarati", "ક્\u200dષમા", "ક્ષમા"},
    SearchPair{"Tamil", "பட்டியல் ௨௦௨௬", "2026"},
    SearchPair{"Tamil", "\u0b95\u0bc6\u0bd7", "\u0b95\u0bcc"},
    SearchPair{"Tamil", "க\u0bc6\u0bbe", "க\u0bca"},
    SearchPair{"Odia", "\u0b13\u0b5c\u0b3f\u0b06", "\u0b13\u0b21\u0b3c\u0b3f\u0b06"},
    SearchPair{"Odia", "\u0b15\u0b4b\u0b23", "\u0b15\u0b47\u0b3e\u0b23"},
    SearchPair{"Odia", "ବିଲ୍ ୨୦୨୬", "2026"},
    SearchPair{"Telugu", "సాఫ్ట్\u200cవేర్", "సాఫ్ట్వేర్"},
    SearchPair{"Telugu", "\u0c15\u0c46\u0c56", "\u0c15\u0c48"},
    SearchPair{"Telugu", "ఇన్వాయిస్ ౨౦౨౬", "2026"},
    SearchPair{"Malayalam", "\u0d05\u0d35\u0d7b", "\u0d05\u0d35\u0d28\u0d4d\u200d"},
    SearchPair{"Malayalam", "\u0d05\u0d35\u0d28\u0d4d\u200d", "\u0d05\u0d35\u0d7b"},
    SearchPair{"Kannada", "\u0c95\u0cc6\u0cc2\u0cd5", "\u0c95\u0ccb"},
    SearchPair{"Kannada", "ಸಾಫ್ಟ್\u200cವೇರ್", "ಸಾಫ್ಟ್ವೇರ್"},
    SearchPair{"Kannada", "ಬಿಲ್ ೨೦೨೬", "2026"},
    SearchPair{"Malayalam", "\u0d15\u0d46\u0d3e", "\u0d15\u0d4a"},
    SearchPair{"Malayalam", "ബിൽ ൨൦൨൬", "2026"},
    SearchPair{"Malayalam", "ബിൽ", "ബില\u0d4d\u200d"},
    SearchPair{"Sinhala", "ශ්\u200dරී ලංකා", "ශ්රී"},
    SearchPair{"Sinhala", "\u0d9a\u0dd9\u0dcf\u0dca", "\u0d9a\u0ddd"},
    SearchPair{"Sinhala", "\u0d9a\u0dda", "\u0d9a\u0dd9\u0dca"},
    SearchPair{"Thai", "ใบแจ้งหนี้ประจำเดือน", "แจ้งหนี้"},
    SearchPair{"Thai", "ปี๒๕๖๙", "2569"},
    SearchPair{"Thai", "ปี2569", "๒๕๖๙"},
    SearchPair{"Thai", "ใบแจ้งหนี้ประจำเดือน", "ประจ\u0e4d\u0e32เดือน"},
    SearchPair{"Lao", "ໃບແຈ້ງໜີ້ປະຈໍາເດືອນ", "ປະຈຳ"},
    SearchPair{"Lao", "ໃບແຈ້ງໜີ້ປະຈໍາເດືອນ", "ແຈ້ງ"},
    SearchPair{"Khmer", "វិក្កយបត្រប្រចាំខែ", "ប្រចាំ"},
    SearchPair{"Khmer", "ភាសាខ្មែរ", "ខ្មែរ"},
    SearchPair{"Khmer", "ឆ្នាំ២០២៦", "2026"},
    SearchPair{"Burmese", "မြန်မာဘာသာ", "ဘာသာ"},
    SearchPair{"Burmese", "\u1025\u102e\u1038", "\u1026\u1038"},
    SearchPair{"Burmese", "၂၀၂၆ခုနှစ်", "2026"},
    SearchPair{"New Tai Lue", "ᦑᦺᦟᦹᧉ", "ᦟᦹᧉ"},
    SearchPair{"Javanese", "ꦧꦱꦗꦮ", "ꦗꦮ"},
    SearchPair{"Balinese", "ᬩᬲᬩᬮᬶ", "ᬩᬮᬶ"},
    SearchPair{"Tibetan", "བོད་སྐད", "སྐད"},
    SearchPair{"Tibetan", "\u0f43", "\u0f42\u0fb7"},
    SearchPair{"Tibetan", "ལོ་༢༠༢༦", "2026"},
    SearchPair{"Ethiopic", "አማርኛ፡ደረሰኝ", "ደረሰኝ"},
    SearchPair{"Ethiopic", "አበ\u135fበ", "አበበ"},
    SearchPair{"Ethiopic", "አበበ።", "አበ\u135fበ"},
    SearchPair{"Cherokee", "ᏣᎳᎩ", "ꮳꮃꭹ"},
    SearchPair{"Adlam", "𞤆𞤵𞤤𞤢𞤪 𞥒𞥐𞥒𞥖", "𞤨𞤵𞤤𞤢𞤪"},
    SearchPair{"Adlam", "𞤆𞤵𞤤𞤢𞤪 𞥒𞥐𞥒𞥖", "2026"},
    SearchPair{"Hangul", "\u1112\u1161\u11a8\u110c\u1165\u11b7\u110b\u1175\u11ab\u110c\u1165\u11bc",
               "학점인정"},
    SearchPair{"Hangul", "\u1112\u1161\u11a8\u110c\u1165\u11b7\u110b\u1175\u11ab\u110c\u1165\u11bc",
               "인정"},
    SearchPair{"Hangul", "회의록", "회의"},
    SearchPair{"Hangul", "주간회의록을 보내", "회의록"},
    SearchPair{"Hangul", "ㅋㅋㅋㅋ 회의", "ㅋㅋ"},
    SearchPair{"Hangul", "회의ㅋㅋㅠㅠ", "ㅋㅋ"},
    SearchPair{"Hangul", "회의ㅋㅋㅠㅠ", "ㅠㅠ"},
    SearchPair{"Hangul", "\u1112\u119e\u11ab글", "\u119e\u11ab글"},
    SearchPair{"Han", "关于合同的请款单", "合同"},
    SearchPair{"Han", "一〇〇周年記念", "〇周年"},
    SearchPair{"Han", "佐々2026年", "佐々"},
    SearchPair{"Han", "12月5日12時〆切", "時〆"},
    SearchPair{"Han", "ABC〆切", "〆切"},
    SearchPair{"Han", "佐〻木2", "〻木"},
    SearchPair{"Han", "共〡〢〣斤", "〢〣"},
    SearchPair{"Han", "𠮷野家", "野家"},
    SearchPair{"Han", "⽂件", "文件"},
    SearchPair{"Han", "田中様 見積書送付", "見積書\u3000田中"},
    SearchPair{"Bopomofo", "ㄓㄨㄥㄨㄣˊ", "ㄨㄣˊ"},
    SearchPair{"Bopomofo", "ㆠㄨㆡ", "ㄨㆡ"},
    SearchPair{"Yi", "ꆈꌠꁱꂷ", "ꁱꂷ"},
    SearchPair{"Han", "會議記錄2026年", "記錄2026"},
    SearchPair{"Han", "\uf9d0", "類"},
    SearchPair{"Hiragana", "おしらせのけん", "しらせ"},
    SearchPair{"Hiragana", "か\u3099っこう", "がっこう"},
    SearchPair{"Katakana", "ﾐｰﾃｨﾝｸﾞ議事録", "ミーティング"},
    SearchPair{"Katakana", "請求書データ送付", "データ"},
    SearchPair{"Katakana", "コーヒー代", "ーヒー"},
    SearchPair{"Hiragana", "いすゞ自動車", "すゞ"},
    SearchPair{"Hiragana", "いすゝ\u3099自動車", "ゞ自動車"},
    SearchPair{"Mongolian", "ᠪᠢᠴᠢᠭ\u180b ᠒᠐᠒᠖", "ᠪᠢᠴᠢᠭ"},
    SearchPair{"Mongolian", "ᠪᠢᠴᠢᠭ ᠒᠐᠒᠖", "2026"},
    SearchPair{"Mongolian", "ᠮᠣᠩᠭᠣᠯ\u202fᠤᠨ", "ᠮᠣᠩᠭᠣᠯ"},
    SearchPair{"Mongolian", "ᠠᠭ\u180eᠠ", "ᠠᠭᠠ"},
    SearchPair{"Deseret", "𐐔𐐯𐑅𐐨𐑉𐐯𐐻", "𐐼𐐯𐑅𐐨𐑉𐐯𐐻"},
};

static_assert(kFound.size() >= 150);

// Letters that differ must keep texts apart.
constexpr std::array kNotFound = {
    SearchPair{"Latin", "Straße", "strase"},
    SearchPair{"Greek", "λόγος", "λόγο"},
    SearchPair{"Devanagari", "हिन्दी", "हन्द"},
    SearchPair{"Thai", "ใบแจ้งหนี้", "แจงหนี"},
    SearchPair{"Hangul", "회의록", "의회"},
    SearchPair{"Han", "东京天气", "京东"},
    SearchPair{"Hiragana", "がっこう", "かっこう"},
    SearchPair{"Latin", "Acmetm", "acme"},
    SearchPair{"Latin", "Acme™", "acmetm"},
    SearchPair{"Arabic", "٢٠٢٦", "2027"},
    SearchPair{"Malayalam", "\u0d05\u0d35\u0d7b", "\u0d05\u0d35\u0d28"},
    SearchPair{"Bengali", "\u09ac\u09be\u09dc\u09bf", "\u09ac\u09be\u09a1\u09bf"},
};

class AlphabetsTest : public testing::Test {
 protected:
  static ObjectId message(const std::string& name) { return {sha256(base::as_bytes(name)).bytes}; }

  bool finds(const SearchPair& pair) {
    const ObjectId id = message(pair.stored);
    index_.add(id, {.date = std::nullopt,
                    .from = "a@example.org",
                    .to = "",
                    .cc = "",
                    .subject = pair.stored,
                    .message_id = ""});
    const std::int64_t row = index_.find(id).value();
    bool is_found = false;
    index_.for_each(Query::parse(pair.asked, "UTC", {}).wanted_words(),
                    [&](const EnvelopeRow& found) { is_found |= found.row == row; });
    return is_found;
  }

  tests::TemporaryDirectory directory_;
  SearchIndex index_ = SearchIndex::open(directory_.path() / "search.sqlite", StoreId{});
};

TEST_F(AlphabetsTest, MailIsFoundHoweverItsWordsAreTyped) {
  for (const SearchPair& pair : kFound) {
    EXPECT_TRUE(finds(pair)) << pair.script << ": " << pair.stored << " by " << pair.asked;
  }
}

TEST_F(AlphabetsTest, NoPairHasTheSameWordTwice) {
  for (const SearchPair& pair : kFound) {
    const std::string words = ' ' + std::string(pair.stored) + ' ';
    EXPECT_EQ(words.find(' ' + std::string(pair.asked) + ' '), std::string::npos) << pair.stored;
  }
}

TEST_F(AlphabetsTest, ManyScriptsAreTried) {
  std::set<std::string> scripts;
  for (const SearchPair& pair : kFound) scripts.insert(pair.script);
  EXPECT_GE(scripts.size(), 35U);
}

TEST_F(AlphabetsTest, EachTextFindsItself) {
  for (const SearchPair& pair : kFound) {
    EXPECT_TRUE(finds({pair.script, pair.stored, pair.stored})) << pair.stored;
  }
}

TEST_F(AlphabetsTest, OtherWordsAreNotFound) {
  for (const SearchPair& pair : kNotFound) {
    EXPECT_FALSE(finds(pair)) << pair.script << ": " << pair.stored << " by " << pair.asked;
  }
}

}  // namespace
}  // namespace store
