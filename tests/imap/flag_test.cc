#include "imap/flag.h"

#include "imap/folder.h"

namespace imap {
namespace {

TEST(FlagTest, SpellsSystemFlagsAsTheRfcDoes) {
  EXPECT_EQ(canonical_flag("\\SEEN"), "\\Seen");
  EXPECT_EQ(canonical_flag("\\deleted"), "\\Deleted");
}

TEST(FlagTest, LeavesKeywordsAlone) {
  EXPECT_EQ(canonical_flag("$Forwarded"), "$Forwarded");
  EXPECT_EQ(canonical_flag("seen"), "seen");
  EXPECT_EQ(canonical_flag("\\XYZ"), "\\XYZ");
}

TEST(FlagTest, KnowsRecentInAnyCase) {
  EXPECT_TRUE(is_recent("\\RECENT"));
  EXPECT_FALSE(is_recent("Recent"));
}

TEST(FlagTest, FoldersKeepWhatIsListed) {
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

TEST(FlagTest, FoldersThatCanBeOpened) {
  Folder folder;
  EXPECT_TRUE(folder.can_be_opened());
  folder.attributes = {"\\HasChildren", "\\noselect"};
  EXPECT_FALSE(folder.can_be_opened());
  folder.attributes = {"\\NONEXISTENT"};
  EXPECT_FALSE(folder.can_be_opened());
}

}  // namespace
}  // namespace imap
