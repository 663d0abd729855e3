#include "base/config/found_accounts.h"

#include <fstream>

#include <gmock/gmock.h>

#include "tests/temporary_directory.h"

namespace base {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FoundAccountsTest : public testing::Test {
 protected:
  FoundAccountsTest() {
    config_.store.index = directory_.path();
    config_.servers["main"];
    config_.servers["other"];
    config_.retention.daily = 9;
  }

  void list(const std::string& name, const std::string& server, const std::string& user) {
    AccountConfig account;
    account.name = name;
    account.server = server;
    account.user = user;
    config_.accounts.push_back(account);
  }

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    names.reserve(config_.accounts.size());
    for (const AccountConfig& account : config_.accounts) names.push_back(account.name);
    return names;
  }

  tests::TemporaryDirectory directory_;
  Config config_;
};

TEST_F(FoundAccountsTest, AreRememberedBetweenRuns) {
  EXPECT_THAT(load_found_accounts(real_file_system(), config_.store), IsEmpty());
  const FoundAccounts found = {{"main", {"alice", "j\"ö\\"}}, {"other", {"carol"}}};
  save_found_accounts(real_file_system(), config_.store, found);
  EXPECT_EQ(load_found_accounts(real_file_system(), config_.store), found);
  config_ = with_found_accounts(config_, real_file_system());
  EXPECT_THAT(names(), ElementsAre("alice", "j\"ö\\", "carol"));
  EXPECT_EQ(config_.account("carol").server, "other");
  EXPECT_EQ(config_.account("carol").retention.daily, 9U);
}

TEST_F(FoundAccountsTest, ADamagedFileCountsAsEmpty) {
  for (const char* text : {"", "{", "[1]", R"({"main": 7})", R"({"main": [7]})"}) {
    std::ofstream(directory_.path() / "accounts.json") << text;
    EXPECT_THAT(load_found_accounts(real_file_system(), config_.store), IsEmpty()) << text;
  }
}

TEST_F(FoundAccountsTest, ListedAccountsTakePrecedence) {
  list("bob", "main", "bob@example.org");
  EXPECT_THAT(add_found_accounts(config_, {{"main", {"alice", "bob@example.org"}}}), IsEmpty());
  EXPECT_THAT(names(), ElementsAre("bob", "alice")) << "no user is backed up twice";
}

TEST_F(FoundAccountsTest, TwoUsersOfTheSameNameNeverShareAnAccount) {
  EXPECT_THAT(add_found_accounts(config_, {{"main", {"alice"}}, {"other", {"alice"}}}),
              ElementsAre(HasSubstr("alice of server other: alice of server main has this name")));
  EXPECT_THAT(names(), ElementsAre("alice"));
  EXPECT_EQ(config_.account("alice").server, "main");
}

TEST_F(FoundAccountsTest, AServerThatIsNoLongerConfiguredHasNoAccounts) {
  EXPECT_THAT(add_found_accounts(config_, {{"gone", {"alice"}}}), IsEmpty());
  EXPECT_THAT(names(), IsEmpty());
}

}  // namespace
}  // namespace base
