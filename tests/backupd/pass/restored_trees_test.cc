#include "backupd/pass/restored_trees.h"

#include <gtest/gtest.h>

namespace backupd {
namespace {

class RestoredTreesTest : public testing::Test {
 protected:
  RestoredTreesTest() {
    store::TreeRecord record;
    record.account = "alice";
    record.levels = {level("RESTORED", store::LevelState::kNotOurs, 5),
                     level("RESTORED/1", store::LevelState::kCreated, 6),
                     level("RESTORED/1/x", store::LevelState::kIntended, 0)};
    records_ = {record};
  }

  static store::TreeLevel level(const std::string& name, store::LevelState state,
                                std::uint32_t uid_validity) {
    store::TreeLevel level;
    level.raw_name = name;
    level.state = state;
    if (uid_validity != 0) level.identity = store::LevelIdentity{uid_validity, ""};
    return level;
  }

  bool left_out(const std::string& account, const std::string& name,
                std::optional<std::uint32_t> uid_validity) {
    imap::Folder folder;
    folder.raw_name = name;
    folder.status.emplace();
    folder.status->uid_validity = uid_validity;
    return RestoredTrees(records_, account).contain(folder);
  }

  std::vector<store::TreeRecord> records_;
};

TEST_F(RestoredTreesTest, LeavesOutOnlyFoldersThatMailstowCreated) {
  EXPECT_TRUE(left_out("alice", "RESTORED/1", 6));
  EXPECT_FALSE(left_out("alice", "RESTORED", 5)) << "it existed before";
  EXPECT_FALSE(left_out("alice", "RESTORED/1/x", 0)) << "never confirmed";
  EXPECT_FALSE(left_out("alice", "RESTORED/1", 7)) << "re-created by the user";
  EXPECT_FALSE(left_out("alice", "RESTORED/1", {})) << "the server does not report it";
  EXPECT_FALSE(left_out("alice", "RESTORED/2", 6)) << "a different name";
  EXPECT_FALSE(left_out("bob", "RESTORED/1", 6)) << "a different account";
}

}  // namespace
}  // namespace backupd
