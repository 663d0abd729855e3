// The programs with an account whose server sends values that can't be stored: the report lists
// what is left out, all other accounts are backed up, and the store is sound. The many kinds of
// such values are in tests/backupd/pass/hostile_scenarios_test.cc.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/poison_server.h"

namespace backupd {
namespace {

using programs::find_by;
using programs::json;
using testing::HasSubstr;

struct Poison {
  const char* name;
  std::vector<std::string> options;
  const char* trouble;
};

class PoisonTest : public testing::TestWithParam<Poison> {
 protected:
  void use(const servers::PoisonServer& server) {
    const base::Path password = mailstow_.directory() / "password";
    std::ofstream(password) << "secret\n";
    std::filesystem::permissions(password, std::filesystem::perms(0600));
    mailstow_.config()["servers"]["main"] = {{"url", server.url()}, {"tls", "none"}};
    mailstow_.config()["accounts"] = json::array();
    for (const char* const name : {"evil", "good"}) {
      mailstow_.config()["accounts"].push_back({{"name", name},
                                                {"server", "main"},
                                                {"user", name},
                                                {"password_file", password.string()}});
    }
    mailstow_.save();
    EXPECT_EQ(mailstow_.backupd({"init"}).status, 0);
  }

  void expect_sound() {
    std::filesystem::remove_all(mailstow_.index());
    EXPECT_EQ(mailstow_.backupd({"reindex"}).status, 0);
    const servers::ProcessResult checked = mailstow_.backupd({"check", "--read-data"});
    EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
    EXPECT_EQ(mailstow_.backupd({"prune"}).status, 0);
  }

  std::size_t stored(const std::string& account) {
    return mailstow_.restore_json({"messages", account, "INBOX"})["messages"].size();
  }

  programs::Installation mailstow_;
};

TEST_P(PoisonTest, IsLeftOutWhileEverythingElseIsBackedUp) {
  const servers::PoisonServer server(GetParam().options);
  use(server);
  for (int night = 0; night < 2; ++night) {
    const json report = mailstow_.backupd_json({"once"}, 3);
    EXPECT_EQ(find_by(report["accounts"], "account", "good")["status"], "complete");
    const json evil = find_by(report["accounts"], "account", "evil");
    EXPECT_EQ(evil["status"], "partial") << evil.dump(2).substr(0, 2'000);
    EXPECT_EQ(evil["messages"], 3);
    if (night == 0) {
      EXPECT_THAT(report["troubles"].dump() + evil["skipped"].dump(),
                  HasSubstr(GetParam().trouble));
    }
    EXPECT_LT(report.dump().size(), 2'000'000U);
    // A folder's record has the time of its scan in seconds: after two scans in one second it is
    // unchanged, and nothing is requested again.
    if (night == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1'100));
  }
  expect_sound();
  EXPECT_EQ(stored("good"), 3U);
  EXPECT_EQ(stored("evil"), 3U);
}

INSTANTIATE_TEST_SUITE_P(Kinds, PoisonTest,
                         testing::Values(Poison{"Keyword",
                                                {"--messages", "3", "--flag", "100000"},
                                                "evil: INBOX: a flag"},
                                         Poison{"MuchMetadata",
                                                {"--messages", "3", "--metadata", "1000000",
                                                 "--entries", "40"},
                                                "evil: INBOX: a METADATA"}),
                         [](const auto& poison) { return std::string(poison.param.name); });

}  // namespace
}  // namespace backupd
