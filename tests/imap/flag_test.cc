#include "imap/flag.h"

#include "imap/folder.h"

namespace imap {
namespace {

TEST(FlagTest, SpellsSystemFlagsAsInTheRfc) {
  EXPECT_EQ(canonical_flag("\\SEEN"), "\\Seen");
  EXPECT_EQ(canonical_flag("\\deleted"), "\\Deleted");
}

TEST(FlagTest, LeavesKeywordsUnchanged) {
  EXPECT_EQ(canonical_flag("$Forwarded"), "$Forwarded");
  EXPECT_EQ(canonical_flag("seen"), "seen");
  EXPECT_EQ(canonical_flag("\\XYZ"), "\\XYZ");
}

TEST(FlagTest, RecognizesRecentInAnyCase) {
  EXPECT_TRUE(is_recent("\\RECENT"));
  EXPECT_FALSE(is_recent("Recent"));
}

TEST(FlagTest, NormalFlagsAreCanonicalSortedAndUniqueWithoutRecent) {
  EXPECT_EQ(normal_flags({"work", "\\SEEN", "\\recent", "\\Answered", "\\Seen", "Work"}),
            (std::vector<std::string>{"Work", "\\Answered", "\\Seen", "work"}));
  EXPECT_TRUE(normal_flags({"\\Recent"}).empty());
}

TEST(FlagTest, RecognizesFlagsThatACommandCanCarry) {
  for (const char* flag : {"\\Seen", "$Junk", "a", "\\X", "a+b~c", "[x"}) {
    EXPECT_TRUE(can_be_sent(flag)) << flag;
  }
  for (const char* flag : {"", "\\", "\\*", "\\Recent", "\\RECENT", "a b", "a\r\nb", "a(b", "a)b",
                           "{1}", "50%", "a*", "a\"b", "a\\b", "a]", "\x7F", "\xC3\xA9", "\\\\x"}) {
    EXPECT_FALSE(can_be_sent(flag)) << flag;
  }
  EXPECT_TRUE(can_be_sent(std::string(kMaxSentFlag, 'x')));
  EXPECT_FALSE(can_be_sent(std::string(kMaxSentFlag + 1, 'x')));
}

TEST(FlagTest, FoldersNeverKeepFlagsThatNoCommandCanCarry) {
  OpenFolder folder;
  folder.permanent_flags = {"\\*", "Caf\xC3\xA9"};
  EXPECT_FALSE(folder.keeps("\\*"));
  EXPECT_FALSE(folder.keeps("Caf\xC3\xA9"));
  EXPECT_FALSE(folder.keeps("two words"));
}

TEST(FlagTest, FoldersKeepListedFlags) {
  OpenFolder folder;
  folder.permanent_flags = {"\\Seen", "$Junk"};
  EXPECT_TRUE(folder.keeps("\\SEEN"));
  EXPECT_TRUE(folder.keeps("$junk"));
  EXPECT_FALSE(folder.keeps("\\Flagged"));
  EXPECT_FALSE(folder.keeps("Project"));
  folder.permanent_flags.emplace_back("\\*");
  EXPECT_TRUE(folder.keeps("Project"));
  EXPECT_FALSE(folder.keeps("\\Flagged"));
}

TEST(FlagTest, RecognizesFoldersThatCanBeOpened) {
  Folder folder;
  EXPECT_TRUE(folder.can_be_opened());
  folder.attributes = {"\\HasChildren", "\\noselect"};
  EXPECT_FALSE(folder.can_be_opened());
  folder.attributes = {"\\NONEXISTENT"};
  EXPECT_FALSE(folder.can_be_opened());
}

}  // namespace
}  // namespace imap
