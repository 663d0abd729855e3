#include "restore/foreign_tree.h"

#include <gtest/gtest.h>

namespace restore {
namespace {

std::string tree_of(const std::string& tree_template, const std::string& shown,
                    char delimiter = '/') {
  base::Config config;
  config.restore.tree = tree_template;
  store::FolderInfo folder;
  folder.delimiter = delimiter;
  return foreign_tree_of(config, "alice@example.org", folder, shown);
}

TEST(ForeignTreeTest, ATreeIsKnownByItsName) {
  const std::string top = "RESTORED/20261124T023000";
  EXPECT_EQ(tree_of("RESTORED/{timestamp}", top), top);
  EXPECT_EQ(tree_of("RESTORED/{timestamp}", top + "/INBOX"), top);
  EXPECT_EQ(tree_of("RESTORED/{timestamp}", top + "0"), "");
  EXPECT_EQ(tree_of("RESTORED/{timestamp}", top + "-mine/INBOX"), "");
  EXPECT_EQ(tree_of("RESTORED/{timestamp}", "RESTORED"), "");
  EXPECT_EQ(tree_of("RESTORED/{timestamp}", "RESTORED/20261124"), "");
  EXPECT_EQ(tree_of("RESTORED/{timestamp}", "RESTORED/taxes of 2026"), "");
  EXPECT_EQ(tree_of("%/Back/{localpart}/{timestamp} mail", "%/Back/alice/20261124T023000 mail/x"),
            "%/Back/alice/20261124T023000 mail");
  EXPECT_EQ(tree_of("Back.{timestamp}", "Back/20261124T023000/x", '.'), "Back/20261124T023000");
}

TEST(ForeignTreeTest, InboxIsTheFirstLevelInAnyCase) {
  const std::string top = "INBOX/Back/20261124T023000";
  EXPECT_EQ(tree_of("inbox/Back/{timestamp}", top + "/x"), top);
  EXPECT_EQ(tree_of("inbox.Back.{timestamp}", top, '.'), top);
  EXPECT_EQ(tree_of("INBOX/Back/{timestamp}", "Inbox/Back/20261124T023000/x"), top);
  EXPECT_EQ(tree_of("inbox/Back/{timestamp}", "INBOX/back/20261124T023000"), "");
  EXPECT_EQ(tree_of("inbox2/{timestamp}", "INBOX2/20261124T023000"), "");
}

}  // namespace
}  // namespace restore
