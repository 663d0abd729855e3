#include "backupd/backup_clock.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/programs/owned_clock.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace backupd {
namespace {

using programs::json;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr sys_seconds kEvening{seconds(1'800'000'000)};

ClockSighting seen(sys_seconds time, seconds since_start, const std::string& start = "one") {
  return {.time = time, .since_start = since_start, .start = start};
}

TEST(BackupClockTest, AFirstBackupHasNoDoubt) {
  EXPECT_THAT(clock_troubles(seen(kEvening, hours(1)), {}, {}), IsEmpty());
}

TEST(BackupClockTest, BehindTheNewestBackupIsATroubleOfAllAccountsTogether) {
  const std::vector<DatedBackup> newest = {
      {"alice", kEvening + days(365)}, {"bob", kEvening}, {"carol", kEvening + days(1)}};
  EXPECT_THAT(clock_troubles(seen(kEvening, hours(1)), {}, newest),
              ElementsAre(HasSubstr("the newest backup of alice and 1 other account")));
  EXPECT_THAT(clock_troubles(seen(kEvening + days(400), hours(1)), {}, newest), IsEmpty());
  EXPECT_THAT(clock_troubles(seen(kEvening - minutes(4), hours(1)), {},
                             std::vector<DatedBackup>{{"bob", kEvening}}),
              IsEmpty())
      << "two machines";
}

TEST(BackupClockTest, MoreThanADayAheadOfThePassedTimeIsATrouble) {
  const ClockSighting last = seen(kEvening, hours(10));
  const auto count = [&](const ClockSighting& now) { return clock_troubles(now, last, {}).size(); };
  EXPECT_EQ(count(seen(kEvening + days(30), hours(10) + days(30))), 0U) << "it was off for a month";
  EXPECT_EQ(count(seen(kEvening + days(1), hours(10))), 0U);
  EXPECT_EQ(count(seen(kEvening + days(2), hours(10))), 1U);
  EXPECT_EQ(count(seen(kEvening + days(365), hours(34))), 1U);
  EXPECT_EQ(count(seen(kEvening + days(365), hours(1), "two")), 0U) << "the time is unknown";
  EXPECT_EQ(count(seen(kEvening + days(365), hours(11), "")), 0U);
}

TEST(BackupClockTest, ASightingIsKeptBesideTheIndex) {
  const tests::TemporaryDirectory directory;
  base::StoreConfig store;
  store.index = directory.path();
  base::FileSystem& files = base::real_file_system();
  EXPECT_EQ(load_clock_sighting(files, store), std::nullopt);
  save_clock_sighting(files, store, seen(kEvening, hours(3)));
  EXPECT_EQ(load_clock_sighting(files, store), seen(kEvening, hours(3)));
  for (const char* const rubbish : {"", "[]", "{\"time\":\"x\"}", "\xff"}) {
    std::ofstream(directory.path() / "clock.json") << rubbish;
    EXPECT_EQ(load_clock_sighting(files, store), std::nullopt) << rubbish;
  }
}

// A night with the clock a year ahead, and right ones before and after it.
class WrongNightTest : public testing::Test {
 protected:
  WrongNightTest() {
    // The certificate of a test is not valid at that time.
    auto& main = mailstow_.config()["servers"]["main"];
    main["url"] = server_.plain_url();
    main["tls"] = "none";
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.config()["guards"] = {{"vanished_messages", 20}, {"stale_after", "3d"}};
    mailstow_.config()["retention"] = {{"keep_within", "0s"}, {"last", 1},    {"daily", 0},
                                       {"weekly", 0},         {"monthly", 0}, {"grace", "0s"}};
    mailstow_.save();
    mailstow_.backupd({"init"});
    deliver(4);
    mailstow_.backupd_json({"once"});
  }

  void deliver(unsigned count) {
    std::vector<servers::Delivery> news;
    for (unsigned i = 0; i < count; ++i) news.push_back({mail_.text(300)});
    server_.client("alice").append("INBOX", news);
  }

  void back_up_ahead() {
    const auto right = clock_.now();
    clock_.set(right + days(365));
    const json report = mailstow_.backupd_json({"once"}, 3);
    EXPECT_THAT(report["troubles"][0].get<std::string>(), HasSubstr("the system's clock shows"));
    clock_.set(right + hours(1));
  }

  json once(int status = 0) { return mailstow_.backupd_json({"once"}, status); }
  json state() { return mailstow_.backupd_json({"status"})["accounts"][0]; }

  std::uint64_t newest_messages() {
    std::uint64_t messages = 0;
    const json folders = mailstow_.restore_json({"folders", "alice"})["folders"];
    for (const json& folder : folders) {
      messages += folder["messages"].get<std::uint64_t>();
    }
    return messages;
  }

  programs::OwnedClock clock_{"2027-03-26T12:00:00Z"};
  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  servers::MailGenerator mail_{5};
};

TEST_F(WrongNightTest, TheNextRightBackupIsTheNewest) {
  back_up_ahead();
  deliver(3);
  const json report = once(3);
  EXPECT_THAT(report["troubles"][0].get<std::string>(), HasSubstr("the newest backup of alice"));
  EXPECT_EQ(report["accounts"][0]["status"], "complete");
  EXPECT_EQ(newest_messages(), 7U);
  EXPECT_EQ(once()["accounts"][0]["fetched_messages"], 0) << "and there is nothing to report";

  mailstow_.backupd_json({"prune"});
  EXPECT_EQ(newest_messages(), 7U);
  std::filesystem::remove_all(mailstow_.index());
  mailstow_.backupd_json({"reindex"});
  EXPECT_EQ(newest_messages(), 7U);
  deliver(1);
  once();
  EXPECT_EQ(newest_messages(), 8U);
}

TEST_F(WrongNightTest, AlarmsWorkAfterIt) {
  back_up_ahead();
  EXPECT_EQ(state()["last_backup_in_future"], true);
  EXPECT_TRUE(state()["alarms"].empty()) << "the night before counts";
  clock_.set(clock_.now() + days(4));
  const json alarms = state()["alarms"];
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_EQ(alarms[0]["kind"], "stale");
  EXPECT_THAT(alarms[0]["text"].get<std::string>(), HasSubstr("dated in the future"));

  deliver(40);
  once(3);
  EXPECT_EQ(state()["last_backup_in_future"], false);
  auto alice = server_.client("alice");
  alice.command("SELECT INBOX");
  alice.command("UID STORE 5:44 +FLAGS (\\Deleted)");
  alice.command("EXPUNGE");
  EXPECT_THAT(once()["accounts"][0]["alarms"].dump(), HasSubstr("40 messages vanished"));
}

TEST_F(WrongNightTest, NothingIsDroppedWhileTheClockIsDoubted) {
  deliver(1);
  once();
  clock_.set(clock_.now() + days(400));
  const auto snapshots = [&] {
    return mailstow_.restore_json({"snapshots", "alice"})["snapshots"].size();
  };
  const json plan = mailstow_.backupd_json({"prune", "--dry-run"});
  EXPECT_THAT(plan["clock_doubted"].get<std::string>(), HasSubstr("prune --now"));
  const json pruned = mailstow_.backupd_json({"prune"}, 3);
  EXPECT_THAT(pruned["clock_doubted"].get<std::string>(), HasSubstr("prune --now"));
  EXPECT_TRUE(pruned["packs"].is_null());
  EXPECT_EQ(mailstow_.backupd_json({"forget", "alice", "--yes", "--prune"}, 3)["dropped"], 0);
  EXPECT_EQ(snapshots(), 2U);
  EXPECT_EQ(mailstow_.backupd_json({"prune", "--now"})["dropped"], 1);
  EXPECT_EQ(snapshots(), 1U);
}

TEST_F(WrongNightTest, TheGraceOfAPackIsNotShortenedByAJump) {
  mailstow_.config()["retention"]["grace"] = "24h";
  mailstow_.save();
  deliver(1);
  once();
  EXPECT_GT(mailstow_.backupd_json({"prune"})["packs"]["condemned"], 0);
  const auto packs = [&] {
    const std::filesystem::directory_iterator folder(mailstow_.store() / "packs");
    return std::distance(begin(folder), end(folder));
  };
  const auto before = packs();
  clock_.set(clock_.now() + days(3));
  mailstow_.backupd_json({"prune"}, 3);
  EXPECT_EQ(packs(), before);
  clock_.set(clock_.now() + hours(1));
  mailstow_.backupd_json({"prune"});
  EXPECT_LT(packs(), before) << "the clock went on for an hour";
}

TEST_F(WrongNightTest, SnapshotsOfTheFutureAreMarked) {
  back_up_ahead();
  once(3);
  std::vector<bool> marks;
  const json snapshots = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
  for (const json& snapshot : snapshots) {
    marks.push_back(snapshot["in_future"]);
  }
  EXPECT_THAT(marks, ElementsAre(false, true, false));
}

}  // namespace
}  // namespace backupd
