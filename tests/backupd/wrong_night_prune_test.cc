// A prune with a right clock after nights with a wrong one, on a real server, and one pin that only
// a wrong clock ends.
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "base/shell_quote.h"
#include "tests/backupd/wrong_night.h"
#include "tests/servers/process.h"

namespace backupd {
namespace {

using programs::json;
using std::chrono::days;
using std::chrono::hours;

class WrongNightPruneTest : public WrongNightTest {
 protected:
  void night(std::chrono::sys_seconds time) {
    clock_.set(time);
    deliver(1);
    mailstow_.backupd({"once"});
  }

  std::vector<std::string> verdicts() {
    const json plan = mailstow_.backupd_json({"prune", "--dry-run", "--now"});
    std::vector<std::string> all;
    for (const json& snapshot : plan["accounts"][0]["snapshots"]) {
      all.push_back(snapshot["verdict"]);
    }
    return all;
  }

  std::vector<std::string> snapshots() {
    std::vector<std::string> ids;
    const json snapshots = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
    for (const json& snapshot : snapshots) ids.push_back(snapshot["snapshot"]);
    return ids;
  }

  // Runs the very line that a doubt advises.
  servers::ProcessResult follow(const json& refused) {
    const std::string doubt = refused["clock_doubted"];
    const std::string program = "mailstow-backupd ";
    const std::size_t begin = doubt.find('`' + program);
    if (begin == std::string::npos) return {1, "", "no command in: " + doubt};
    const std::string advised = doubt.substr(begin + 1, doubt.find('`', begin + 1) - begin - 1);
    std::string line;
    for (const std::string& word : mailstow_.backupd_command({})) {
      line += base::shell_quoted(word) + " ";
    }
    return servers::run_program({"sh", "-c", line + advised.substr(program.size())});
  }

  std::size_t rescues() {
    std::size_t count = 0;
    const json snapshots = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
    for (const json& snapshot : snapshots) {
      if (snapshot["kind"] == "rescue") ++count;
    }
    return count;
  }
};

TEST_F(WrongNightPruneTest, KeepsTheNightsOfAClockThatWasBehind) {
  mailstow_.config()["retention"]["keep_within"] = "30d";
  mailstow_.config()["retention"]["last"] = 0;
  mailstow_.save();
  const auto first = clock_.now();
  for (int at = 1; at <= 4; ++at) night(first - days(365) + days(at));
  for (int at = 5; at <= 6; ++at) night(first + days(at));
  EXPECT_EQ(verdicts(), std::vector<std::string>(7, "keep"));
}

TEST_F(WrongNightPruneTest, KeepsWhatASweepRescuedWhileTheClockWasBehind) {
  const auto right = clock_.now();
  const std::string tree =
      mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "7d"})["tree"];
  server_.client("alice").append(tree + "/INBOX",
                                 std::vector<servers::Delivery>{{mail_.text(300)}});
  clock_.set(right - days(365));
  EXPECT_EQ(mailstow_.restore({"expire", "alice", tree}).status, 0);
  mailstow_.restore_json({"sweep", "--now"});
  ASSERT_EQ(rescues(), 1U);
  for (int at = 1; at <= 3; ++at) {
    night(right + days(at));
    mailstow_.backupd_json({"prune", "--now"});
    EXPECT_EQ(rescues(), 1U) << at;
  }
  for (int at = 94; at <= 96; ++at) {
    EXPECT_EQ(rescues(), 1U) << at;
    night(right + days(at) + hours(at - 94));  // more than two days, however fast the backups are
    mailstow_.backupd_json({"prune", "--now"});
  }
  EXPECT_EQ(rescues(), 0U) << "it was kept for 90 days";
}

TEST_F(WrongNightPruneTest, DeletesPacksThatWereReplacedWhileTheClockWasAhead) {
  mailstow_.config()["retention"]["grace"] = "24h";
  mailstow_.save();
  const auto right = clock_.now();
  night(right + hours(1));
  clock_.set(right + days(365));
  const json condemned = mailstow_.backupd_json({"prune", "--now"})["packs"];
  EXPECT_GT(condemned["condemned"], 0);
  clock_.set(right + hours(2));
  const json waiting = mailstow_.backupd_json({"prune", "--now"})["packs"];
  EXPECT_EQ(waiting["deleted"], 0);
  clock_.set(right + hours(27));
  EXPECT_EQ(mailstow_.backupd_json({"prune", "--now"})["packs"]["deleted"], waiting["waiting"]);
}

TEST_F(WrongNightPruneTest, AClockThatIsAheadEndsNoPin) {
  const std::string snapshot =
      mailstow_.restore_json({"snapshots", "alice"})["snapshots"][0]["snapshot"];
  mailstow_.backupd_json({"pin", "alice", snapshot, "--until", "2027-06-01"});
  clock_.set(clock_.now() + days(365));
  EXPECT_EQ(mailstow_.backupd_json({"forget", "alice", "--yes"}, 3)["dropped"], 0);
  mailstow_.backupd_json({"unpin", "alice", snapshot});
  EXPECT_EQ(mailstow_.backupd_json({"forget", "alice", "--yes"})["dropped"], 1);
}

TEST_F(WrongNightPruneTest, TheAdvisedCommandForgetsNoMoreThanTheRefusedOne) {
  for (int at = 1; at <= 2; ++at) night(clock_.now() + days(1));
  std::vector<std::string> all = snapshots();
  ASSERT_EQ(all.size(), 3U);
  clock_.set(clock_.now() + days(400));
  const json refused =
      mailstow_.backupd_json({"forget", "alice", "--snapshot", all[1], "--yes", "--prune"}, 3);
  const auto followed = follow(refused);
  EXPECT_EQ(followed.status, 0) << followed.err;
  all.erase(all.begin() + 1);
  EXPECT_EQ(snapshots(), all);
}

TEST_F(WrongNightPruneTest, TheAdvisedCommandForgetsASnapshotWhosePinHasEnded) {
  for (int at = 1; at <= 2; ++at) night(clock_.now() + days(1));
  std::vector<std::string> all = snapshots();
  ASSERT_EQ(all.size(), 3U);
  mailstow_.backupd_json({"pin", "alice", all[1], "--until", "2027-06-01"});
  clock_.set(clock_.now() + days(365));
  const json refused =
      mailstow_.backupd_json({"forget", "alice", "--snapshot", all[1], "--yes"}, 3);
  const auto followed = follow(refused);
  EXPECT_EQ(followed.status, 0) << followed.err;
  EXPECT_THAT(followed.out, testing::HasSubstr("The next prune deletes what only it needed"));
  all.erase(all.begin() + 1);
  EXPECT_EQ(snapshots(), all);
}

}  // namespace
}  // namespace backupd
