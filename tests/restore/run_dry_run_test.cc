// `mailstow-restore run --dry-run` on a real server.

#include <gmock/gmock.h>

#include "tests/restore/run_fixture.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;
using servers::AccountState;

TEST_F(RunTest, ADryRunWritesNothing) {
  servers::fill_account(server_, "alice", 30);
  back_up();
  const AccountState before = state();
  const json report = mailstow_.restore_json({"run", "alice", "--all", "--dry-run"});
  EXPECT_TRUE(report["quota"]["exempt"].is_null());
  EXPECT_EQ(state(), before);
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 0U);
}

TEST_F(RunTest, ADryRunPrintsTheFollowingRun) {
  servers::fill_account(server_, "alice", 60);
  auto alice = server_.client("alice");
  const std::string level(120, 'n');
  alice.command("CREATE " + servers::quote(level + "/" + level));
  servers::MailGenerator mail(4);
  const servers::Delivery doomed{mail.plain(), {"\\Deleted", "$Work"}};
  alice.append(level + "/" + level, std::vector<servers::Delivery>{doomed});
  back_up();
  const json plan = mailstow_.restore_json({"run", "alice", "--all", "--dry-run"});
  EXPECT_EQ(plan["plan"]["without_deleted"], 1);
  EXPECT_GE(plan["plan"]["estimated_seconds"], 1);
  EXPECT_GT(plan["plan"]["storage_kib"]["limit"], 0);
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;
  for (const json& folder : plan["folders"]) {
    bytes += folder["bytes"].get<std::uint64_t>();
    messages += folder["messages"].get<std::uint64_t>();
  }
  EXPECT_EQ(plan["plan"]["bytes"], bytes);
  EXPECT_EQ(plan["plan"]["messages"], messages);
  EXPECT_EQ(plan["plan"]["without_keywords"], 0)
      << "Dovecot keeps all, although it reports that late";
  const auto text = mailstow_.restore({"run", "alice", "--all", "--dry-run"});
  EXPECT_THAT(text.out, testing::HasSubstr("its name would be too long"));
  EXPECT_THAT(text.out, testing::HasSubstr("Nothing was written."));
  EXPECT_THAT(text.out, testing::HasSubstr("RESTORED/<time of the run>/INBOX "));

  const json report = mailstow_.restore_json({"run", "alice", "--all"});
  const auto below = [](const json& document, const json& folder) {
    return folder["target"].get<std::string>().substr(document["tree"].get<std::string>().size());
  };
  for (const json& done : report["folders"]) {
    const json planned = find_by(plan["folders"], "source", done["source"]);
    EXPECT_EQ(below(report, done), below(plan, planned));
    EXPECT_EQ(done["messages"], planned["messages"]);
    EXPECT_EQ(done["restored"], planned["messages"]);
  }
}

}  // namespace
}  // namespace restore
