// The names of trees: two in one second, several runs at once, another hierarchy separator.

#include <algorithm>
#include <future>
#include <set>

#include <gmock/gmock.h>

#include "tests/restore/expect_restored.h"
#include "tests/restore/run_fixture.h"
#include "tests/servers/account_filler.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;
using servers::AccountState;

servers::DovecotOptions with_separator(char separator) {
  servers::DovecotOptions options;
  options.separator = separator;
  return options;
}

TEST_F(RunTest, TwoTreesInOneSecondGetTwoNames) {
  servers::fill_account(server_, "alice", 10);
  back_up();
  const json first = mailstow_.restore_json({"run", "alice", "--folder", "INBOX"});
  const json second = mailstow_.restore_json({"run", "alice", "--folder", "INBOX"});
  EXPECT_NE(first["tree"], second["tree"]);
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 2U);
}

TEST_F(RunTest, RunsAtTheSameTimeGetATreeEach) {
  servers::fill_account(server_, "alice", 10);
  back_up();
  std::vector<std::future<json>> runs;
  for (int run = 0; run < 3; ++run) {
    runs.push_back(std::async(std::launch::async, [&] {
      return mailstow_.restore_json({"run", "alice", "--folder", "INBOX", "--expire-after", "1s"});
    }));
  }
  std::set<std::string> names;
  for (auto& run : runs) names.insert(run.get()["tree"]);
  EXPECT_EQ(names.size(), 3U);
  mailstow_.restore_json({"sweep"});
  EXPECT_TRUE(state().below("RESTORED", '/').empty()) << "the last one takes the top with it";
}

class SeparatorTest : public RunTest {
 protected:
  SeparatorTest() : RunTest(with_separator('.')) {}
};

TEST_F(SeparatorTest, ATreeIsSpeltAsTheServerSpells) {
  servers::fill_account(server_, "alice", 60);
  const AccountState before = state();
  back_up();
  const json report = mailstow_.restore_json({"run", "alice", "--all"});
  std::string tree = report["tree"];
  std::replace(tree.begin(), tree.end(), '/', '.');
  const AccountState now = state();
  for (const auto& [raw_name, folder] : before.folders) {
    if (!folder.is_selectable) continue;
    const auto found = now.folders.find(tree + "." + raw_name);
    ASSERT_NE(found, now.folders.end()) << raw_name;
    expect_restored(folder, found->second, find_by(report["folders"], "source", folder.name));
  }
}

}  // namespace
}  // namespace restore
