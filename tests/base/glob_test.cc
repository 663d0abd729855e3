#include "base/glob.h"

#include <string>
#include <vector>

#include <rapidcheck/gtest.h>

#include "base/utf8.h"

namespace base {
namespace {

TEST(GlobTest, AStarMatchesAcrossLevels) {
  EXPECT_TRUE(glob_matches("Archive*", "Archive/2023/May"));
  EXPECT_TRUE(glob_matches("*/May", "Archive/2023/May"));
  EXPECT_TRUE(glob_matches("A*/*/M*y", "Archive/2023/May"));
  EXPECT_FALSE(glob_matches("Archive/*", "Archive"));
}

TEST(GlobTest, AQuestionMarkMatchesOneCharacterWithinALevel) {
  EXPECT_TRUE(glob_matches("?rchive", "Archive"));
  EXPECT_TRUE(glob_matches("M?ll", "Müll"));
  EXPECT_FALSE(glob_matches("a?b", "a/b"));
  EXPECT_FALSE(glob_matches("?", ""));
}

TEST(GlobTest, EverythingElseMatchesItself) {
  EXPECT_TRUE(glob_matches("100%25 [x]", "100%25 [x]"));
  EXPECT_FALSE(glob_matches("inbox", "INBOX"));
}

TEST(GlobTest, LiteralWildcardsAreEncoded) {
  EXPECT_TRUE(glob_matches("%2A%3F", "*?"));
  EXPECT_FALSE(glob_matches("%2A", "a"));
  EXPECT_FALSE(glob_matches("%3F", "a"));
  EXPECT_EQ(glob_for("100%25 *sure*?"), "100%25 %2Asure%2A%3F");
}

TEST(GlobTest, MatchesCanonicallyEquivalentCharacters) {
  EXPECT_TRUE(glob_matches("M\u00fcll", "Mu\u0308ll"));
  EXPECT_TRUE(glob_matches("Mu\u0308ll*", "M\u00fcll/alt"));
  EXPECT_TRUE(glob_matches("M?ll", "Mu\u0308ll"));
  EXPECT_TRUE(glob_matches("\u1112\u1161\u11a8\u110c\u1165\u11b7", "학점"));
  EXPECT_FALSE(glob_matches("Mull", "Müll"));
  EXPECT_FALSE(glob_matches("müll", "Müll"));
}

TEST(GlobTest, AWildcardDoesNotPartALetterFromItsMark) {
  const std::string composed_name = "Gr\u00f6\u00dfe/\u00c4pfel";
  const std::string decomposed_name = "Gro\u0308\u00dfe/A\u0308pfel";
  for (const std::string& name : {composed_name, decomposed_name}) {
    for (const char* glob : {"Gro*", "Gro?*", "Gro?\u00dfe/*", "*/A*", "*A?pfel"}) {
      EXPECT_FALSE(glob_matches(glob, name)) << glob << " and " << name;
      EXPECT_FALSE(folder_glob_matches(glob, name)) << glob << " and " << name;
    }
    for (const char* glob : {"Gr*", "Gr?\u00dfe/*", "Gr\u00f6*", "Gro\u0308*", "*/?pfel"}) {
      EXPECT_TRUE(glob_matches(glob, name)) << glob << " and " << name;
    }
  }
  EXPECT_FALSE(glob_matches("Mu?ll", "Mu\u0308ll"));
  EXPECT_FALSE(glob_matches("*\u0308ll", "Mu\u0308ll"));
  EXPECT_FALSE(glob_matches("?\u0308ll", "u\u0308ll"));
}

TEST(GlobTest, ALetterWithAMarkIsOneCharacterAlsoIfUnicodeHasNoneForIt) {
  const std::string name = "Gro\u0332\u0301\u00dfe";  // normal form C leaves a mark apart
  EXPECT_FALSE(glob_matches("Gro*", name));
  EXPECT_FALSE(glob_matches("Gro?*", name));
  EXPECT_FALSE(glob_matches("Gr??\u00dfe", name));
  EXPECT_FALSE(glob_matches("*\u0332\u0301\u00dfe", name));
  EXPECT_TRUE(glob_matches("Gr?\u00dfe", name));
  EXPECT_TRUE(glob_matches("Gro\u0301\u0332\u00df?", name)) << "marks in another order";
  EXPECT_FALSE(glob_matches("ह*", "हिन्दी"));
  EXPECT_TRUE(glob_matches("हि*", "हिन्दी"));
  EXPECT_TRUE(glob_matches("%2A\u0332?", "*\u0332x"));
  EXPECT_FALSE(glob_matches("%2A*", "*\u0332x"));
}

TEST(GlobTest, AMarkWithoutALetterStandsAlone) {
  EXPECT_TRUE(glob_matches("a/*", "a/\u0308b"));
  EXPECT_TRUE(glob_matches("a/?b", "a/\u0308b"));
  EXPECT_FALSE(glob_matches("a?b", "a/\u0308b"));
  EXPECT_TRUE(glob_matches("?x", "\u0308x"));
  EXPECT_TRUE(glob_matches("a\xff?", "a\xff\u0308"));
}

TEST(GlobTest, BytesThatAreNotUtf8MatchOnlyThemselves) {
  const std::string name = "M\xfcll/u\u0308";
  for (const Likeness likeness : kLikenesses) {
    EXPECT_TRUE(glob_matches("M\xfcll/\u00fc", name, likeness));
    EXPECT_TRUE(glob_matches("M?ll*", name, likeness));
    EXPECT_TRUE(glob_matches("M*\xfc*", name, likeness));
    EXPECT_FALSE(glob_matches("M\xe4ll/\u00fc", name, likeness));
    EXPECT_FALSE(glob_matches("M\ufffdll/\u00fc", name, likeness));
    EXPECT_TRUE(glob_matches("\xe2?", "\xe2\x82", likeness));
  }
}

TEST(GlobTest, ALikenessIgnoresCaseOrAccents) {
  EXPECT_TRUE(glob_matches("STRASSE/*", "Straße/x", Likeness::kCase));
  EXPECT_TRUE(glob_matches("Stra?e", "Straße", Likeness::kCase));
  EXPECT_TRUE(glob_matches("ΑΡΧΕΊΟ", "αρχείο", Likeness::kCase));
  EXPECT_FALSE(glob_matches("αρχειο", "αρχείο", Likeness::kCase));
  EXPECT_TRUE(glob_matches("αρχειο", "αρχείο", Likeness::kLetters));
  EXPECT_FALSE(glob_matches("work", "Word", Likeness::kLetters));
}

TEST(GlobTest, TheStrictestLikenessThatFindsANameCounts) {
  const auto likeness_of = [](const std::string& glob, const std::vector<std::string>& names) {
    return strictest_likeness(names, [&](const std::string& name, Likeness likeness) {
      return folder_glob_matches(glob, name, likeness);
    });
  };
  EXPECT_EQ(likeness_of("Mull", {"Müll", "MULL", "Mull"}), Likeness::kSame);
  EXPECT_EQ(likeness_of("Mull", {"Müll", "MULL"}), Likeness::kCase);
  EXPECT_EQ(likeness_of("MULL", {"Work", "Müll"}), Likeness::kLetters);
  EXPECT_EQ(likeness_of("smorbr*", {"Smørbrød/Ost"}), Likeness::kLetters);
  EXPECT_EQ(likeness_of("Mull", {"Work"}), std::nullopt);
  EXPECT_EQ(likeness_of("*", {}), std::nullopt);
}

TEST(GlobTest, AFoldedCharacterIsNoWildcard) {
  EXPECT_TRUE(glob_matches("a＊b", "a＊b", Likeness::kCase));
  EXPECT_FALSE(glob_matches("a＊b", "axxb", Likeness::kCase));
  EXPECT_FALSE(glob_matches("a？b", "axb", Likeness::kCase));
  EXPECT_TRUE(glob_matches("A%2A*", "a*z", Likeness::kCase));
}

TEST(GlobTest, TheInboxHasAnyCase) {
  EXPECT_TRUE(folder_glob_matches("inbox", "INBOX"));
  EXPECT_TRUE(folder_glob_matches("Inbox/*", "INBOX/Work"));
  EXPECT_TRUE(folder_glob_matches("INBOX", "Inbox"));
  EXPECT_TRUE(folder_glob_matches("inbox*", "INBOX"));
  EXPECT_TRUE(folder_glob_matches("inbox*", "inbox2"));
  EXPECT_FALSE(folder_glob_matches("inbox2", "INBOX2"));
  EXPECT_FALSE(folder_glob_matches("INBOX/work", "INBOX/Work"));
  EXPECT_FALSE(folder_glob_matches("Old/inbox", "Old/INBOX"));
}

TEST(GlobTest, NamesOfAFolderDifferInTheCaseOfInboxAtMost) {
  EXPECT_TRUE(is_same_folder("inbox", "INBOX", 0));
  EXPECT_TRUE(is_same_folder("Inbox.Work", "INBOX.Work", '.'));
  EXPECT_FALSE(is_same_folder("Inbox.Work", "INBOX.work", '.'));
  EXPECT_FALSE(is_same_folder("Inbox.Work", "INBOX.Work", '/'));
  EXPECT_FALSE(is_same_folder("Old.inbox", "Old.INBOX", '.'));
  EXPECT_EQ(with_inbox("inbox.inbox", '.'), "INBOX.inbox");
  EXPECT_EQ(with_inbox("inbox2", '.'), "inbox2");
}

RC_GTEST_PROP(GlobTest, TheEncodingOfALetterChangesNoMatch, ()) {
  const auto letters = rc::gen::element<std::string>("u", "u\u0308", "o\u0332");
  const auto parts = rc::gen::element<std::string>("u", "o", "\u00fc", "*", "*", "?");
  std::string name;
  std::string glob;
  for (const std::string& letter : *rc::gen::container<std::vector<std::string>>(letters)) {
    name += letter;
  }
  for (const std::string& part : *rc::gen::container<std::vector<std::string>>(parts)) glob += part;
  for (const Likeness likeness : kLikenesses) {
    RC_ASSERT(glob_matches(glob, name, likeness) == glob_matches(glob, composed(name), likeness));
  }
}

TEST(GlobTest, ManyStarsAreNotSlow) {
  std::string glob;
  for (int star = 0; star < 200; ++star) glob += "*a";
  EXPECT_FALSE(glob_matches(glob + "b", std::string(5000, 'a')));
}

RC_GTEST_PROP(GlobTest, ANameMatchesItselfWithAnyRunReplacedByAStar, ()) {
  const auto name = *rc::gen::container<std::string>(rc::gen::element('a', 'b', '/', 'c'));
  const auto from = *rc::gen::inRange<std::size_t>(0, name.size() + 1);
  const auto to = *rc::gen::inRange<std::size_t>(from, name.size() + 1);
  RC_ASSERT(glob_matches(name, name));
  RC_ASSERT(glob_matches(name.substr(0, from) + "*" + name.substr(to), name));
}

RC_GTEST_PROP(GlobTest, TheGlobForANameMatchesOnlyIt, ()) {
  const auto names = rc::gen::container<std::string>(rc::gen::element('a', '*', '?', '/'));
  const auto name = *names;
  const auto other = *names;
  RC_ASSERT(glob_matches(glob_for(name), name));
  RC_ASSERT(glob_matches(glob_for(name), other) == (name == other));
}

}  // namespace
}  // namespace base
