#include "restore/tree_choice.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace restore {
namespace {

std::string error_without_tree(const base::Config& config, const std::string& account,
                               const std::string& tree) {
  store::TreeRecord record;
  record.account = "alice";
  record.name = "RESTORED/2026-11-03";
  try {
    fail_without_tree(config, "expire", account, tree, {record});
  } catch (const base::Error& error) {
    return error.what();
  }
}

TEST(TreeChoiceTest, NamesTheNearestTreeOrAccount) {
  const base::Config config;
  EXPECT_THAT(error_without_tree(config, "alice", "RESTORED/2026-11-04"),
              testing::HasSubstr("did you mean \"RESTORED/2026-11-03\"?"));
  EXPECT_THAT(error_without_tree(config, "alicia", "RESTORED/2026-11-03"),
              testing::HasSubstr("did you mean \"alice\"?"));
}

TEST(TreeChoiceTest, NamesNoOtherAccountToTheOwnerOfOne) {
  base::Config config;
  config.store.reach = base::Reach{{"alicia", 1}};
  const std::string error = error_without_tree(config, "alicia", "RESTORED/2026-11-03");
  EXPECT_THAT(error, testing::HasSubstr("account alicia has no such tree: "));
  EXPECT_THAT(error, testing::Not(testing::HasSubstr("did you mean")));
}

}  // namespace
}  // namespace restore
