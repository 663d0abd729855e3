#include "imap/account_discovery.h"

#include <fstream>

#include <gmock/gmock.h>

#include "tests/expect_error.h"
#include "tests/temporary_directory.h"

namespace imap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class AccountDiscoveryTest : public testing::Test {
 protected:
  // Output of a command that queries a user directory.
  std::vector<std::string> users_of_command(const std::string& printed) {
    server_.discover->command = {"printf", "%b", printed};
    return discover_users(server_, base::real_file_system());
  }

  base::DiscoverConfig& discover() { return *server_.discover; }

  base::ServerConfig server_ = [] {
    base::ServerConfig server;
    server.discover.emplace();
    return server;
  }();
  tests::TemporaryDirectory directory_;
};

TEST_F(AccountDiscoveryTest, ReadsOneUserPerLineFromACommand) {
  EXPECT_THAT(users_of_command("carol\\nalice\\r\\n\\n bob@example.org \\nalice"),
              ElementsAre("alice", "bob@example.org", "carol"));
}

TEST_F(AccountDiscoveryTest, IgnoresCommentsInAFile) {
  discover().file = directory_.path() / "users";
  std::ofstream(discover().file) << "# staff\nalice  # since 2019\nbo#b\n";
  EXPECT_THAT(discover_users(server_, base::real_file_system()), ElementsAre("alice", "bo#b"));
  discover().file = directory_.path() / "absent";
  EXPECT_ERROR(kConfig, "absent: there is no such file",
               discover_users(server_, base::real_file_system()));
}

TEST_F(AccountDiscoveryTest, FiltersUsersByGlobs) {
  discover().include = {"*@example.org", "root"};
  discover().exclude = {"test?@*"};
  EXPECT_THAT(users_of_command("alice@example.org\\ntest1@example.org\\nbob@example.com\\nroot"),
              ElementsAre("alice@example.org", "root"));
}

TEST_F(AccountDiscoveryTest, FailsIfTheSourceIsBroken) {
  EXPECT_ERROR(kConfig, "no accounts found", users_of_command("\\n\\n"));
  discover().command = {"false"};
  EXPECT_ERROR(kConfig, "false", discover_users(server_, base::real_file_system()));
}

TEST_F(AccountDiscoveryTest, RejectsInvalidUserNames) {
  EXPECT_ERROR(kConfig, "not a valid user name", users_of_command("al\\033[2Jice"));
  EXPECT_ERROR(kConfig, "not a valid user name", users_of_command(std::string(256, 'a')));
  EXPECT_ERROR(kConfig, "not a valid user name", users_of_command("\\0377"));
}

TEST_F(AccountDiscoveryTest, FindsNoUsersWithoutDiscover) {
  server_.discover.reset();
  EXPECT_THAT(discover_users(server_, base::real_file_system()), IsEmpty());
}

TEST_F(AccountDiscoveryTest, DerivesTheOwnerFromAFolderName) {
  EXPECT_EQ(owner_of("user/j.doe", {"user/", '/'}), "j.doe");
  EXPECT_EQ(owner_of("user.jane", {"user.", '.'}), "jane");
  EXPECT_EQ(owner_of("user/j.doe@example.org", {"user/", '/'}), "j.doe@example.org");
  EXPECT_EQ(owner_of("shared", {"user/", '/'}), "");
}

TEST_F(AccountDiscoveryTest, FindsAnAccountOrSuggestsTheNearestName) {
  base::Config config;
  config.servers["main"] = server_;
  config.servers["main"].discover->command = {"printf", "alice\\nbob\\n"};
  base::AccountConfig listed;
  listed.name = "carol";
  listed.server = "main";
  listed.user = "c";
  config.accounts = {listed};
  base::FileSystem& files = base::real_file_system();
  EXPECT_EQ(find_account(config, files, "carol").user, "c");
  EXPECT_EQ(find_account(config, files, "bob").server, "main");
  EXPECT_ERROR(kUsage, "did you mean \"alice\"?", find_account(config, files, "alicee"));
}

}  // namespace
}  // namespace imap
