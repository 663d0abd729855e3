// A prune with a right clock after nights with a wrong one, on a real server, and one pin that only
// a wrong clock ends.
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "tests/backupd/wrong_night.h"

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
    night(right + days(at));
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

}  // namespace
}  // namespace backupd
