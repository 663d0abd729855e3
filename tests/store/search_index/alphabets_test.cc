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

struct Pair {
  const char* script;
  const char* stored;
  const char* asked;
};

constexpr std::array kFound = {
    Pair{"Latin", "Straße", "strasse"},
    Pair{"Latin", "Straße", "STRASSE"},
    Pair{"Latin", "STRASSE", "straße"},
    Pair{"Latin", "Größe", "grosse"},
    Pair{"Latin", "Gro\u0308\u00dfe", "GRÖẞE"},
    Pair{"Latin", "Ærø", "aero"},
    Pair{"Latin", "aero", "ærø"},
    Pair{"Latin", "ışık", "isik"},
    Pair{"Latin", "İSTANBUL", "istanbul"},
    Pair{"Latin", "ISPARTA", "ısparta"},
    Pair{"Latin", "Łódź", "lodz"},
    Pair{"Latin", "Đà Nẵng", "da nang"},
    Pair{"Latin", "Tiếng Việt", "\"tieng viet\""},
    Pair{"Latin", "Þórður", "thordur"},
    Pair{"Latin", "cœur", "coeur"},
    Pair{"Latin", "Ħaż-Żebbuġ", "haz zebbug"},
    Pair{"Latin", "ﬁnance oﬃce", "finance office"},
    Pair{"Latin", "ＩＮＶＯＩＣＥ　２０２６", "invoice 2026"},
    Pair{"Latin", "Acme™ Café", "acme cafe"},
    Pair{"Latin", "Rechnung №5", "\"no 5\""},
    Pair{"Latin", "soft\u00adhyphen", "softhyphen"},
    Pair{"Latin", "Nguyễn Thị", "nguye*"},
    Pair{"Greek", "Τιμολόγιο", "τιμολογιο"},
    Pair{"Greek", "ΤΙΜΟΛΟΓΙΟ", "τιμολόγιο"},
    Pair{"Greek", "Ὀδυσσεύς", "ΟΔΥΣΣΕΥΣ"},
    Pair{"Greek", "λόγος", "ΛΟΓΟΣ"},
    Pair{"Cyrillic", "Счёт, ёлку", "счет"},
    Pair{"Cyrillic", "Счёт, ёлку", "елку"},
    Pair{"Cyrillic", "СЧЕТ", "счёт"},
    Pair{"Cyrillic", "Іи\u0306ов", "ійов"},
    Pair{"Cyrillic", "п’ять", "п'ять"},
    Pair{"Cyrillic", "Қазақстан", "казакстан"},
    Pair{"Armenian", "ԵՐԵՒԱՆ", "երևան"},
    Pair{"Armenian", "Հաշիվ", "հաշիվ"},
    Pair{"Georgian", "ᲗᲑᲘᲚᲘᲡᲘ", "თბილისი"},
    Pair{"Hebrew", "חֶשְׁבּוֹנִית", "חשבונית"},
    Pair{"Hebrew", "שלום עולם", "עולם"},
    Pair{"Arabic", "فَاتُورَة", "فاتورة"},
    Pair{"Arabic", "أحمد", "احمد"},
    Pair{"Arabic", "فـــاتورة", "فاتوره"},
    Pair{"Arabic", "ﻓﺎﺗﻮﺭﺓ", "فاتورة"},
    Pair{"Arabic", "یادداشت کار", "يادداشت كار"},
    Pair{"Arabic", "می\u200cخواهم", "میخواهم"},
    Pair{"Devanagari", "हिन्दी चालान", "चालान"},
    Pair{"Devanagari", "हिन्दी", "हिन्*"},
    Pair{"Devanagari", "क\u093cलम", "\u0958लम"},
    Pair{"Bengali", "বাংলা চালান", "বাংলা"},
    Pair{"Gurmukhi", "ਪੰਜਾਬੀ", "ਪੰਜਾਬੀ"},
    Pair{"Gujarati", "ગુજરાતી ભરતિયું", "ભરતિયું"},
    Pair{"Tamil", "தமிழ் விலைப்பட்டியல்", "தமிழ்"},
    Pair{"Tamil", "க\u0bc6\u0bbe", "க\u0bca"},
    Pair{"Telugu", "తెలుగు", "తెలుగు"},
    Pair{"Sinhala", "සිංහල", "සිංහල"},
    Pair{"Thai", "ใบแจ้งหนี้ประจำเดือน", "แจ้งหนี้"},
    Pair{"Thai", "ใบแจ้งหนี้ประจำเดือน", "ประจ\u0e4d\u0e32เดือน"},
    Pair{"Lao", "ໃບແຈ້ງໜີ້ປະຈໍາເດືອນ", "ປະຈຳ"},
    Pair{"Lao", "ໃບແຈ້ງໜີ້ປະຈໍາເດືອນ", "ແຈ້ງ"},
    Pair{"Khmer", "វិក្កយបត្រប្រចាំខែ", "ប្រចាំ"},
    Pair{"Khmer", "ភាសាខ្មែរ", "ខ្មែរ"},
    Pair{"Burmese", "မြန်မာဘာသာ", "ဘာသာ"},
    Pair{"Tibetan", "བོད་སྐད", "སྐད"},
    Pair{"Ethiopic", "አማርኛ ደረሰኝ", "ደረሰኝ"},
    Pair{"Cherokee", "ᏣᎳᎩ", "ꮳꮃꭹ"},
    Pair{"Hangul", "\u1112\u1161\u11a8\u110c\u1165\u11b7\u110b\u1175\u11ab\u110c\u1165\u11bc",
         "학점인정"},
    Pair{"Hangul", "\u1112\u1161\u11a8\u110c\u1165\u11b7\u110b\u1175\u11ab\u110c\u1165\u11bc",
         "인정"},
    Pair{"Hangul", "회의록", "회의"},
    Pair{"Hangul", "주간회의록을 보내", "회의록"},
    Pair{"Han", "关于合同的请款单", "合同"},
    Pair{"Han", "會議記錄2026年", "記錄2026"},
    Pair{"Han", "\uf9d0", "類"},
    Pair{"Hiragana", "おしらせのけん", "しらせ"},
    Pair{"Hiragana", "か\u3099っこう", "がっこう"},
    Pair{"Katakana", "ﾐｰﾃｨﾝｸﾞ議事録", "ミーティング"},
    Pair{"Katakana", "請求書データ送付", "データ"},
    Pair{"Mongolian", "ᠮᠣᠩᠭᠣᠯ ᠪᠢᠴᠢᠭ", "ᠪᠢᠴᠢᠭ"},
    Pair{"Deseret", "𐐔𐐯𐑅𐐨𐑉𐐯𐐻", "𐐼𐐯𐑅𐐨𐑉𐐯𐐻"},
};

static_assert(kFound.size() >= 60);

// Letters that differ must keep texts apart.
constexpr std::array kNotFound = {
    Pair{"Latin", "Straße", "strase"},        Pair{"Greek", "λόγος", "λόγο"},
    Pair{"Devanagari", "हिन्दी", "हन्द"},       Pair{"Thai", "ใบแจ้งหนี้", "แจงหนี"},
    Pair{"Hangul", "회의록", "의회"},         Pair{"Han", "东京天气", "京东"},
    Pair{"Hiragana", "がっこう", "かっこう"}, Pair{"Latin", "Acmetm", "acme"},
};

class AlphabetsTest : public testing::Test {
 protected:
  static ObjectId message(const std::string& name) { return {sha256(base::as_bytes(name)).bytes}; }

  bool finds(const Pair& pair) {
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
  for (const Pair& pair : kFound) {
    EXPECT_TRUE(finds(pair)) << pair.script << ": " << pair.stored << " by " << pair.asked;
  }
}

TEST_F(AlphabetsTest, ManyScriptsAreTried) {
  std::set<std::string> scripts;
  for (const Pair& pair : kFound) scripts.insert(pair.script);
  EXPECT_GE(scripts.size(), 20U);
}

TEST_F(AlphabetsTest, EachTextFindsItself) {
  for (const Pair& pair : kFound) {
    EXPECT_TRUE(finds({pair.script, pair.stored, pair.stored})) << pair.stored;
  }
}

TEST_F(AlphabetsTest, OtherWordsAreNotFound) {
  for (const Pair& pair : kNotFound) {
    EXPECT_FALSE(finds(pair)) << pair.script << ": " << pair.stored << " by " << pair.asked;
  }
}

}  // namespace
}  // namespace store
