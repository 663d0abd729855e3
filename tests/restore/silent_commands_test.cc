// A server that falls silent, or breaks the connection, over commands which a restore can do
// without.
#include <algorithm>
#include <atomic>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "tests/restore/run_fixture.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/relay.h"

namespace restore {
namespace {

using testing::HasSubstr;

class SilentCommandsTest : public RunTest {
 protected:
  SilentCommandsTest() {
    servers::fill_account(server_, "alice", 5);
    back_up();
  }

  void use(const servers::Relay& relay) {
    auto& server = mailstow_.config()["servers"]["main"];
    server["url"] = relay.url();
    server["tls"] = "none";
    mailstow_.save();
  }

  servers::ProcessResult run(std::vector<std::string> more) {
    more.insert(more.begin(), {"run", "alice", "--all", "--expire-after", "1s"});
    return mailstow_.restore(more);
  }
};

servers::Watch breaking_over(std::vector<std::string> commands) {
  return [commands = std::move(commands)](servers::From from, std::string_view bytes) {
    return from == servers::From::kServer ||
           std::ranges::none_of(commands, [&](const std::string& command) {
             return bytes.find(' ' + command) != std::string_view::npos;
           });
  };
}

TEST_F(SilentCommandsTest, RunSweepAndDoctorDoWithoutThem) {
  const servers::Relay relay(
      server_, {.watch = breaking_over(
                    {"NAMESPACE", "GETQUOTAROOT", "GETACL", "LIST (SUBSCRIBED)", "LSUB"})});
  use(relay);
  const auto refused = run({});
  EXPECT_EQ(refused.status, 6);
  EXPECT_THAT(refused.err,
              HasSubstr("unknown, because the server does not carry out GETQUOTAROOT"));
  const auto restored = run({"--allow-quota"});
  EXPECT_EQ(restored.status, 0) << restored.err;
  EXPECT_THAT(restored.err, HasSubstr("the server does not carry out NAMESPACE"));
  EXPECT_THAT(restored.err, HasSubstr("the server does not carry out LSUB"));
  EXPECT_THAT(restored.out, HasSubstr("messages are back"));
  const auto swept = mailstow_.restore({"sweep"});
  EXPECT_EQ(swept.status, 0) << swept.err;
  EXPECT_TRUE(mailstow_.restore_json({"trees"})["trees"].empty());
  const auto doctor = mailstow_.backupd({"doctor"});
  EXPECT_THAT(doctor.out, HasSubstr("login succeeded for 2 of the 2 accounts tried"));
}

TEST_F(SilentCommandsTest, AnUnknownQuotaAllowsNoRestoreInPlace) {
  const servers::Relay relay(server_, {.watch = breaking_over({"GETQUOTAROOT"})});
  use(relay);
  std::vector<std::string> command = {"run", "alice", "--all", "--to", "bob", "--in-place"};
  const auto refused = mailstow_.restore(command);
  EXPECT_EQ(refused.status, 6) << refused.out;
  EXPECT_THAT(refused.err, HasSubstr("whether the mail fits into the quota is unknown"));
  command.emplace_back("--allow-quota");
  const auto restored = mailstow_.restore(command);
  EXPECT_NE(restored.status, 6) << restored.err;
  EXPECT_EQ(servers::account_state(server_, "bob").folders.size(), state().folders.size());
}

// All mail is restored by then.
TEST_F(SilentCommandsTest, ATreeIsCompleteWithoutTheUsageAfterIt) {
  std::atomic<bool> is_asked = false;
  const servers::Relay relay(server_, {.watch = [&](servers::From from, std::string_view bytes) {
                               const bool is_last =
                                   from == servers::From::kClient &&
                                   bytes.find(" GETQUOTAROOT") != std::string_view::npos &&
                                   bytes.find("mailstow-probe") == std::string_view::npos;
                               if (is_last) is_asked = true;
                               return !is_last;
                             }});
  use(relay);
  const auto restored = run({});
  EXPECT_TRUE(is_asked);
  EXPECT_EQ(restored.status, 0) << restored.err;
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"][0]["state"], "complete");
}

TEST_F(SilentCommandsTest, OneThatIsNotAnsweredInTimeIsNotSentAgain) {
  std::atomic<bool> is_over = false;
  std::atomic<int> silences = 0;
  const servers::Relay relay(server_, {.watch = [&](servers::From from, std::string_view bytes) {
                               if (from == servers::From::kClient &&
                                   bytes.find("GETQUOTAROOT") != std::string_view::npos) {
                                 ++silences;
                                 is_over.wait(false);
                               }
                               return true;
                             }});
  // Longer than a busy machine keeps a server from its other answers.
  mailstow_.config()["servers"]["main"]["command_timeout"] = "5s";
  use(relay);
  const auto dry = run({"--dry-run"});
  is_over = true;
  is_over.notify_all();
  EXPECT_EQ(dry.status, 0) << dry.err;
  EXPECT_THAT(dry.out, HasSubstr("The quota is unknown"));
  EXPECT_THAT(dry.err, HasSubstr("the server does not carry out GETQUOTAROOT"));
  EXPECT_EQ(silences, 1);
}

}  // namespace
}  // namespace restore
