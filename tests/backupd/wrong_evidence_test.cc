// A wrong clock on a real server, of which the first look of what deletes sees only the records:
// these are no evidence that it is right.
#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/backupd/wrong_night.h"
#include "tests/servers/process.h"
#include "tests/servers/relay.h"
#include "tests/text_of.h"

namespace backupd {
namespace {

using programs::json;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using testing::HasSubstr;

class WrongEvidenceTest : public WrongNightTest {
 protected:
  // All that is remembered is of another start of the machine from now on.
  void restart() {
    for (const char* const name : {"clock.json", "sweeper.json"}) {
      const base::Path file = mailstow_.index() / name;
      if (!std::filesystem::exists(file)) continue;
      json remembered = json::parse(tests::text_of(file));
      if (remembered.contains("start")) remembered["start"] = "another";
      if (remembered.contains("trusted")) remembered["trusted"]["start"] = "another";
      std::ofstream(file) << remembered.dump();
    }
  }

  void lose_index() {
    for (const char* const suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(mailstow_.index() / (std::string("index.sqlite") + suffix));
    }
  }

  std::string restore_tree(const std::string& account, const std::string& stay) {
    return mailstow_.restore_json({"run", account, "--all", "--expire-after", stay})["tree"];
  }

  json trees() { return mailstow_.restore_json({"trees"})["trees"]; }

  void expect_doubt() {
    const json swept = mailstow_.restore_json({"sweep"}, 3);
    EXPECT_THAT(swept["clock_doubted"].dump(), HasSubstr("more than two days after"));
    EXPECT_EQ(swept["trees"], json::array());
    EXPECT_FALSE(mailstow_.backupd_json({"prune"}, 3)["clock_doubted"].is_null());
  }

  void use(const servers::Relay& relay) {
    mailstow_.config()["servers"]["main"]["url"] = relay.url();
    mailstow_.config()["servers"]["main"]["connections"] = 1;
    mailstow_.save();
  }
};

TEST_F(WrongEvidenceTest, ATreeMadeAfterARestartDoesNotShowThatTheClockIsRight) {
  restore_tree("alice", "30d");
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 0);
  clock_.set(clock_.now() + days(365));
  restart();
  restore_tree("alice", "30d");
  expect_doubt();
  EXPECT_EQ(trees().size(), 2U);
  clock_.let_pass(hours(1));
  EXPECT_EQ(mailstow_.restore_json({"sweep"})["trees"].size(), 1U) << "the clock has run on";
}

TEST_F(WrongEvidenceTest, TheFirstBackupWithARebuiltIndexDoesNotShowIt) {
  restore_tree("alice", "30d");
  std::filesystem::remove_all(mailstow_.index());
  mailstow_.backupd_json({"reindex"});
  clock_.set(clock_.now() + days(365));
  mailstow_.backupd({"once"});
  expect_doubt();
}

// The commit is durable before the backup comes to its end.
TEST_F(WrongEvidenceTest, ABackupThatIsStoppedAfterAJumpDoesNotShowIt) {
  for (const char* const name : {"bob", "carol"}) {
    mailstow_.config()["accounts"].push_back({{"name", name}, {"server", "main"}});
  }
  restore_tree("alice", "30d");
  const auto right = clock_.now();
  std::atomic<pid_t> backup = 0;
  std::mutex mutex;
  int connections = 0;
  const servers::Relay relay(server_, {.watch = [&](servers::From, std::string_view bytes) {
                               const std::scoped_lock lock(mutex);
                               // The end of an account is followed by a commit then.
                               if (bytes.starts_with("* BYE")) clock_.let_pass(seconds(61));
                               if (!bytes.starts_with("* OK [CAPABILITY")) return true;
                               if (++connections == 1) clock_.set(right + days(365));
                               if (connections != 3) return true;
                               while (backup == 0) std::this_thread::yield();
                               ::kill(backup, SIGTERM);
                               return true;
                             }});
  use(relay);
  std::vector<std::string> environment = clock_.environment();
  environment.emplace_back("PATH=/usr/bin:/bin");
  servers::Process once(mailstow_.backupd_command({"once"}), environment, {::getuid(), ::getgid()},
                        mailstow_.directory() / "log");
  backup = once.pid();
  while (once.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const json snapshots = mailstow_.restore_json({"snapshots", "bob"})["snapshots"];
  ASSERT_EQ(snapshots.size(), 1U) << tests::text_of(mailstow_.directory() / "log");
  EXPECT_THAT(snapshots[0]["time"].get<std::string>(), HasSubstr("2028-")) << "with the wrong time";
  restart();
  expect_doubt();
  EXPECT_EQ(trees().size(), 1U);
}

TEST_F(WrongEvidenceTest, ATreeMadeWithTheClockBehindStaysWithoutAnIndexToo) {
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 0);
  const auto right = clock_.now();
  clock_.set(right - days(365));
  restore_tree("alice", "7d");
  clock_.set(right + hours(1));
  lose_index();
  const json swept = mailstow_.restore_json({"sweep"});
  EXPECT_EQ(swept["trees"], json::array());
  EXPECT_EQ(swept["redated"].size(), 1U);
  mailstow_.backupd_json({"reindex"});
  ASSERT_EQ(trees().size(), 1U);
  EXPECT_GT(trees()[0]["seconds_left"], 6 * 86'400);
  clock_.let_pass(days(8));
  lose_index();
  mailstow_.restore_json({"sweep", "--now"});
  mailstow_.backupd_json({"reindex"});
  EXPECT_EQ(trees(), json::array()) << "once only";
}

TEST_F(WrongEvidenceTest, ATreeMadeWithTheClockBehindStaysIfItsAccountIsForgotten) {
  const auto right = clock_.now();
  clock_.set(right - days(365));
  restore_tree("alice", "7d");
  clock_.set(right + hours(1));
  once();
  mailstow_.backupd({"forget", "alice", "--yes"});
  mailstow_.restore({"sweep"});  // the tree is the only record: it shows another time
  clock_.let_pass(hours(2));
  EXPECT_EQ(mailstow_.restore_json({"sweep"})["redated"].size(), 1U);
  ASSERT_EQ(trees().size(), 1U);
  EXPECT_GT(trees()[0]["seconds_left"], 6 * 86'400);
}

// A sweep looks at the clock once: what it does later is by the time that it judged.
TEST_F(WrongEvidenceTest, AJumpDuringASweepClosesNoRecordEarly) {
  std::atomic<bool> is_armed = false;
  const servers::Relay relay(server_, {.watch = [&](servers::From, std::string_view) {
                               if (is_armed.exchange(false)) clock_.set(clock_.now() + days(40));
                               return true;
                             }});
  use(relay);
  auto& config = mailstow_.config();
  config["servers"]["other"] = config["servers"]["main"];
  config["accounts"].push_back({{"name", "bob"}, {"server", "other"}});
  mailstow_.save();
  once();
  const std::string first = restore_tree("alice", "30d");
  clock_.let_pass(seconds(2));  // trees are swept by the time of their creation
  const std::string second = restore_tree("bob", "30d");
  config["servers"].erase("other");
  config["accounts"].erase(1);
  mailstow_.save();
  EXPECT_EQ(mailstow_.restore({"expire", "bob", second}).status, 0);
  const json unreached = mailstow_.restore_json({"sweep"}, 3)["trees"];
  ASSERT_EQ(unreached.size(), 1U);
  EXPECT_EQ(unreached[0]["record_closed"], false);
  EXPECT_EQ(mailstow_.restore({"expire", "alice", first}).status, 0);
  is_armed = true;
  const json swept = mailstow_.restore_json({"sweep"})["trees"];
  ASSERT_EQ(swept.size(), 2U);
  EXPECT_EQ(swept[0]["tree"], first) << "the clock jumped meanwhile";
  EXPECT_FALSE(is_armed);
  EXPECT_EQ(swept[1]["record_closed"], false) << swept.dump(2);
  EXPECT_EQ(trees().size(), 1U);
}

}  // namespace
}  // namespace backupd
