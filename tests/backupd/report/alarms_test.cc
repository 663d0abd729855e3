#include "backupd/report/alarms.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include <gmock/gmock.h>

#include "store/format/account_properties.h"
#include "store/writer.h"
#include "tests/programs/installation.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/temporary_directory.h"
#include "tests/text_of.h"

namespace backupd {
namespace {

using programs::find_by;
using programs::json;
using std::chrono::seconds;
using std::chrono::sys_seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// Backups a day apart: the number of messages in each, and how many vanished since the one before.
std::vector<store::SnapshotInfo> nightly(
    const std::vector<std::pair<std::uint64_t, std::uint64_t>>& messages_and_vanished) {
  std::vector<store::SnapshotInfo> snapshots;
  for (const auto& [messages, vanished] : messages_and_vanished) {
    store::SnapshotInfo snapshot;
    snapshot.time = sys_seconds(std::chrono::days(snapshots.size()));
    snapshot.sequence = snapshots.size() + 1;
    snapshot.messages = messages;
    snapshot.vanished = vanished;
    snapshots.push_back(snapshot);
  }
  return snapshots;
}

// The day of the newest mass deletion; -1 if there is no mass deletion.
long found(const std::vector<store::SnapshotInfo>& snapshots, std::optional<long> accepted = {},
           std::uint64_t used_up = 0) {
  std::optional<base::AcceptedDeletions> acknowledged;
  if (accepted) {
    acknowledged = base::AcceptedDeletions{.sequence = static_cast<std::uint64_t>(*accepted) + 1};
  }
  const auto deletion = newest_mass_deletion(snapshots, base::GuardConfig(), acknowledged, used_up);
  if (!deletion) return -1;
  return std::chrono::floor<std::chrono::days>(deletion->snapshot.time).time_since_epoch().count();
}

TEST(MassDeletionTest, IsAShareOfTheAccountAndANumberOfMessages) {
  EXPECT_EQ(found(nightly({{1000, 0}, {1000, 0}})), -1);
  EXPECT_EQ(found(nightly({{1000, 0}, {750, 250}})), 1);
  EXPECT_EQ(found(nightly({{1000, 0}, {751, 249}})), -1) << "less than a quarter";
  EXPECT_EQ(found(nightly({{120, 0}, {21, 99}})), -1) << "few messages";
  EXPECT_EQ(found(nightly({{120, 0}, {20, 100}})), 1);
  EXPECT_EQ(found(nightly({{1000, 0}, {0, 1000}})), 1);
}

TEST(MassDeletionTest, OfASmallAccountIsAllOfIt) {
  EXPECT_EQ(found(nightly({{99, 0}, {0, 99}})), 1);
  EXPECT_EQ(found(nightly({{99, 0}, {1, 98}})), -1);
  EXPECT_EQ(found(nightly({{5, 0}, {0, 5}})), 1);
  EXPECT_EQ(found(nightly({{4, 0}, {0, 4}})), -1);
  EXPECT_EQ(found(nightly({{5, 0}, {30, 5}})), 1) << "new mail takes nothing back";
  EXPECT_EQ(found(nightly({{30, 0}, {20, 10}, {10, 10}, {0, 10}})), 3) << "all of it in 3 days";
}

// A client that deletes a share of the account every night.
std::vector<store::SnapshotInfo> nights(std::size_t count, double share, std::uint64_t arriving) {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> nights = {{10'000, 0}};
  while (nights.size() < count) {
    const std::uint64_t was = nights.back().first;
    const auto vanished = static_cast<std::uint64_t>(static_cast<double>(was) * share);
    nights.emplace_back(was - vanished + arriving, vanished);
  }
  return nightly(nights);
}

TEST(MassDeletionTest, IsDetectedLittleByLittle) {
  EXPECT_EQ(found(nights(6, 0.05, 0)), -1) << "23 % in 5 nights";
  EXPECT_EQ(found(nights(7, 0.05, 0)), 6) << "26 % in 6 nights";
  EXPECT_EQ(found(nights(20, 0.05, 0)), 19);
  EXPECT_EQ(found(nights(29, 0.01, 0)), -1) << "24.5 % in 28 nights";
  EXPECT_EQ(found(nights(31, 0.01, 0)), 30) << "26 % in 30 nights";
  EXPECT_EQ(found(nights(90, 0.005, 0)), -1) << "14 % in 30 nights";

  const auto deletion = newest_mass_deletion(nights(31, 0.01, 0), base::GuardConfig(), {}, 0);
  ASSERT_TRUE(deletion);
  EXPECT_EQ(deletion->period, std::chrono::days(30));
}

TEST(MassDeletionTest, MailThatArrivesAndLeavesIsNoDeletion) {
  EXPECT_EQ(found(nights(60, 0.05, 500)), -1);
}

// Neither ends the days before it, nor joins the months after it to them.
TEST(MassDeletionTest, LittleByLittleIsMeasuredWithoutTheTimesOfAWrongClock) {
  for (const int shift : {365, -365}) {
    auto slow = nights(31, 0.01, 0);
    slow[15].time += std::chrono::days(shift);
    EXPECT_EQ(found(slow), 30) << shift;
    slow = nights(90, 0.005, 0);
    slow[15].time += std::chrono::days(shift);
    EXPECT_EQ(found(slow), -1) << shift;
  }
}

TEST(MassDeletionTest, LittleByLittleIsAcknowledgedToo) {
  auto slow = nights(12, 0.05, 0);
  EXPECT_EQ(found(slow), 11);
  EXPECT_EQ(found(slow, 11), -1);
  slow = nights(13, 0.05, 0);
  EXPECT_EQ(found(slow, 11), -1) << "5 % since it was acknowledged";
  EXPECT_EQ(found(nights(18, 0.05, 0), 11), 17) << "26 % since it was acknowledged";
}

TEST(MassDeletionTest, AFolderThatIsNowExcludedIsNoDeletion) {
  EXPECT_EQ(found(nightly({{1000, 0}, {400, 0}, {400, 1}})), -1);
}

// Another account with 30 snapshots was forgotten before the second night.
TEST(MassDeletionTest, AFolderThatIsExcludedAfterNumbersWereSkippedIsNoDeletion) {
  auto snapshots = nightly({{1000, 0}, {400, 0}, {400, 1}});
  for (std::size_t night = 1; night < snapshots.size(); ++night) snapshots[night].sequence += 29;
  ASSERT_EQ(snapshots[1].sequence, 31U);
  EXPECT_EQ(found(snapshots, {}, 30), -1);
  EXPECT_EQ(found(snapshots, {}, 0), 2) << "the retention dropped the snapshots between";
}

TEST(MassDeletionTest, IsDetectedAlthoughTheRetentionDroppedSnapshotsBetween) {
  auto slow = nights(31, 0.01, 0);
  std::erase_if(slow, [](const auto& snapshot) {
    return snapshot.sequence % 7 != 1 && snapshot.sequence < 24;
  });
  EXPECT_EQ(found(slow), 30);
}

TEST(MassDeletionTest, IsDetectedIfOtherMailTookItsPlace) {
  EXPECT_EQ(found(nightly({{1000, 0}, {1000, 900}})), 1);
  EXPECT_EQ(found(nightly({{1000, 0}, {50'000, 1000}})), 1);
}

TEST(MassDeletionTest, IsDetectedIfTheBackupBeforeItIsGone) {
  EXPECT_EQ(found(nightly({{100, 900}})), 0);
}

TEST(MassDeletionTest, IsAcknowledgedUpToASnapshot) {
  const auto snapshots = nightly({{1000, 0}, {500, 500}, {500, 0}, {100, 400}});
  EXPECT_EQ(found(snapshots), 3) << "the newest: no snapshot before it expires";
  EXPECT_EQ(found(snapshots, 2), 3);
  EXPECT_EQ(found(snapshots, 3), -1);
}

// The clock was a year ahead on the second day.
TEST(MassDeletionTest, IsFoundAndAcknowledgedInTheOrderOfBackups) {
  auto snapshots = nightly({{6, 0}, {206, 0}, {206, 0}, {6, 200}});
  snapshots[1].time += std::chrono::days(365);
  EXPECT_EQ(found(snapshots), 3);
  EXPECT_EQ(found(snapshots, 2), 3);
  EXPECT_EQ(found(snapshots, 3), -1);
}

// Older versions noted the time of the newest snapshot.
TEST(MassDeletionTest, AnOlderAcknowledgementNamesASnapshotByItsTime) {
  auto snapshots = nightly({{1000, 0}, {500, 500}, {500, 0}, {100, 400}});
  const auto is_found = [&](sys_seconds until) {
    const base::AcceptedDeletions acknowledged{.until = until};
    return newest_mass_deletion(snapshots, base::GuardConfig(), acknowledged, 0).has_value();
  };
  EXPECT_TRUE(is_found(sys_seconds(std::chrono::days(2))));
  EXPECT_FALSE(is_found(sys_seconds(std::chrono::days(3))));
  snapshots[1].time += std::chrono::days(365);
  EXPECT_TRUE(is_found(snapshots[1].time)) << "it was the newest when it was acknowledged";
  EXPECT_FALSE(is_found(sys_seconds(std::chrono::days(30)))) << "the retention dropped it";
}

TEST(MassDeletionTest, IgnoresSnapshotsOfRescuedMail) {
  auto snapshots = nightly({{1000, 0}, {2, 0}, {1000, 100}});
  snapshots[1].kind = store::SnapshotKind::kRescue;
  EXPECT_EQ(found(snapshots), -1) << "100 of 1,000, not of 2";
}

TEST(LastSuccessTest, BackupsThatAddNothingAreCounted) {
  EXPECT_EQ(backups_without_progress({}), 0U);
  EXPECT_EQ(backups_without_progress(nightly({{10, 0}})), 0U);
  EXPECT_EQ(backups_without_progress(nightly({{10, 0}, {12, 0}, {12, 0}, {12, 0}, {12, 0}})), 3U);
  EXPECT_EQ(backups_without_progress(nightly({{10, 0}, {10, 0}, {10, 0}, {12, 0}})), 0U);
  auto snapshots = nightly({{10, 0}, {2, 0}, {10, 0}});
  snapshots[1].kind = store::SnapshotKind::kRescue;
  EXPECT_EQ(backups_without_progress(snapshots), 1U) << "a rescue is no backup";
}

TEST(LastSuccessTest, ABackupThatEndedBeforeItCameToAFolderDoesNotCount) {
  const tests::TemporaryDirectory directory;
  const store::Location location{directory.path() / "store", directory.path() / "index",
                                 directory.path() / "key"};
  store::init(location, base::real_file_system(), base::system_clock());
  store::Writer writer =
      store::Writer::open(location, base::real_file_system(), base::system_clock());
  store::FolderInfo inbox;
  inbox.raw_name = "INBOX";
  inbox.completeness = store::FolderCompleteness::kComplete;
  store::AccountProperties properties;
  const auto add = [&](long day, store::SnapshotStatus status) {
    store::FolderDraft draft(inbox);
    store::SnapshotDraft snapshot;
    snapshot.account = "alice";
    snapshot.time = sys_seconds(std::chrono::days(day));
    snapshot.status = status;
    snapshot.folders = {writer.seal(draft)};
    snapshot.properties = store::to_properties(properties);
    writer.add_snapshot(snapshot);
    writer.commit();
  };
  const auto day_of_last_success = [&] {
    const auto time = last_success(writer.reader(), "alice", sys_seconds(std::chrono::days(100)));
    return time ? std::chrono::floor<std::chrono::days>(*time).time_since_epoch().count() : -1;
  };
  add(1, store::SnapshotStatus::kPartial);
  EXPECT_EQ(day_of_last_success(), -1);
  add(2, store::SnapshotStatus::kComplete);
  add(3, store::SnapshotStatus::kPartial);
  EXPECT_EQ(day_of_last_success(), 2) << "each folder is complete, but old";
  inbox.skipped = {{base::Uid{3}, "the server did not send it"}};
  add(4, store::SnapshotStatus::kPartial);
  EXPECT_EQ(day_of_last_success(), 4) << "a message that can't be fetched is no failure";
  inbox.completeness = store::FolderCompleteness::kInProgress;
  add(5, store::SnapshotStatus::kPartial);
  EXPECT_EQ(day_of_last_success(), 4);
  inbox.completeness = store::FolderCompleteness::kComplete;
  properties.is_cut_short = true;
  add(6, store::SnapshotStatus::kPartial);
  EXPECT_EQ(day_of_last_success(), 4) << "a skipped message hides no folder that was not read";
}

class AlarmsTest : public testing::Test {
 protected:
  AlarmsTest() {
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.config()["guards"] = {{"vanished_messages", 20}};
    mailstow_.config()["retention"] = {{"keep_within", "0s"}, {"last", 1},    {"daily", 0},
                                       {"weekly", 0},         {"monthly", 0}, {"grace", "0s"}};
    mailstow_.save();
    mailstow_.make_store();
    deliver(40);
    mailstow_.backupd_json({"once"});
  }

  void deliver(unsigned count) {
    std::vector<servers::Delivery> news;
    for (unsigned i = 0; i < count; ++i) news.push_back({mail_.text(500)});
    server_.client("alice").append("INBOX", news);
  }

  void wipe(const std::string& uids) {
    auto alice = server_.client("alice");
    alice.command("SELECT INBOX");
    alice.command("UID STORE " + uids + " +FLAGS (\\Deleted)");
    alice.command("EXPUNGE");
  }

  std::vector<std::string> once(int status = 0) {
    return mailstow_.backupd_json({"once"}, status)["accounts"][0]["alarms"];
  }
  std::size_t snapshots() {
    return mailstow_.restore_json({"snapshots", "alice"})["snapshots"].size();
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  servers::MailGenerator mail_{3};
};

TEST_F(AlarmsTest, AMassDeletionIsReportedAndHoldsOlderSnapshotsUntilAcknowledged) {
  wipe("1:30");
  deliver(35);  // so many that the total alone would not show it
  EXPECT_THAT(once(), Contains(HasSubstr("30 messages vanished")));
  EXPECT_EQ(mailstow_.backupd_json({"prune"})["dropped"], 0);
  EXPECT_EQ(snapshots(), 2U);
  deliver(1);
  EXPECT_THAT(once(), Contains(HasSubstr("30 messages vanished"))) << "until it is acknowledged";
  const json status = mailstow_.backupd_json({"status"})["accounts"][0];
  EXPECT_EQ(status["alarms"][0]["kind"], "mass_deletion");
  const std::string shows_it =
      mailstow_.restore_json({"snapshots", "alice"})["snapshots"][1]["snapshot"];
  const auto refused = mailstow_.backupd({"forget", "alice", "--snapshot", shows_it, "--yes"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("mailstow-backupd acknowledge alice"));

  EXPECT_EQ(mailstow_.backupd_json({"acknowledge", "alice"})["accepted"].size(), 1U);
  EXPECT_EQ(mailstow_.backupd({"acknowledge", "alice"}).status, 1)
      << "nothing is left to acknowledge";
  EXPECT_TRUE(once().empty());
  mailstow_.backupd_json({"prune"});
  EXPECT_EQ(snapshots(), 1U);
}

TEST_F(AlarmsTest, MovingMailIsNoDeletion) {
  auto alice = server_.client("alice");
  alice.command("CREATE Archive");
  alice.command("SELECT INBOX");
  alice.command("UID MOVE 1:40 Archive");
  EXPECT_TRUE(once().empty());
}

TEST_F(AlarmsTest, DetectsADeletedFolder) {
  auto alice = server_.client("alice");
  alice.command("CREATE Archive");
  alice.command("SELECT INBOX");
  alice.command("UID MOVE 1:40 Archive");
  EXPECT_TRUE(once().empty());
  alice.command("DELETE Archive");
  EXPECT_THAT(once(), Contains(HasSubstr("40 messages vanished")));
}

TEST_F(AlarmsTest, AChangedUidvalidityIsNoDeletion) {
  server_.stop();
  server_.lose_uids("alice");
  server_.start();
  EXPECT_THAT(once(3),
              ElementsAre(HasSubstr("its INBOX is not the one backed up before: UIDVALIDITY")));
}

TEST_F(AlarmsTest, AnAccountWithoutASuccessfulBackupIsStale) {
  mailstow_.config()["guards"]["stale_after"] = "0s";
  mailstow_.config()["servers"]["main"]["url"] = "imaps://no-such-host.invalid";
  mailstow_.save();
  const json report = mailstow_.backupd_json({"-q", "once"}, 1);
  EXPECT_THAT(report["accounts"][0]["alarms"][0].get<std::string>(),
              HasSubstr("no successful backup since"));
}

// The text of a complete backup leaves something out, too.
TEST_F(AlarmsTest, TheReportThatATextNamesIsKept) {
  constexpr std::size_t kAccounts = 20;
  std::vector<std::string> named = {"once"};
  json accounts = json::array();
  for (std::size_t number = 0; number < kAccounts; ++number) {
    const std::string name = "user" + std::to_string(number);
    accounts.push_back({{"name", name}, {"server", "main"}, {"user", "alice"}});
    named.insert(named.end(), {"--account", name});
  }
  mailstow_.config()["accounts"] = accounts;
  mailstow_.save();
  const base::Path kept = mailstow_.index() / "reports" / "backup.json";
  EXPECT_EQ(mailstow_.backupd({"once"}).status, 0);
  EXPECT_FALSE(std::filesystem::exists(kept)) << "nothing was left out";

  wipe("1:30");
  const auto of_named = mailstow_.backupd(named);
  EXPECT_EQ(of_named.status, 0) << of_named.err;
  EXPECT_THAT(of_named.out, HasSubstr("... and 8 more ALARMs of these accounts: see the report "
                                      "with --json\n"));
  EXPECT_FALSE(std::filesystem::exists(kept)) << "it is not of all accounts";

  const auto of_all = mailstow_.backupd({"once"});
  EXPECT_EQ(of_all.status, 0) << of_all.err;
  EXPECT_THAT(of_all.out, HasSubstr("... and 8 more ALARMs of these accounts: see reports/"
                                    "backup.json beside the index\n"));
  const std::string text = tests::text_of(kept);
  const json report = json::parse(text);
  ASSERT_EQ(report["accounts"].size(), kAccounts);
  for (const json& account : report["accounts"]) EXPECT_EQ(account["alarms"].size(), 1U);

  mailstow_.config()["servers"]["main"]["url"] = "imaps://127.0.0.1:1";
  mailstow_.save();
  EXPECT_EQ(mailstow_.backupd({"-q", "once", "--account", "user7"}).status, 1);
  EXPECT_EQ(tests::text_of(kept), text) << "the mail of the night names it";
}

TEST_F(AlarmsTest, AServerThatIsDownIsOneCauseOfTheAlarmsOfItsAccounts) {
  constexpr int kAccounts = 60;
  json accounts = json::array();
  for (int number = 0; number < kAccounts; ++number) {
    accounts.push_back({{"name", "user" + std::to_string(number)}, {"server", "main"}});
  }
  mailstow_.config()["accounts"] = accounts;
  mailstow_.config()["servers"]["main"]["url"] = "imaps://127.0.0.1:1";
  mailstow_.save();
  const auto lines_with_alarms = [&] {
    std::istringstream out(mailstow_.backupd({"status"}).out);
    std::vector<std::string> lines;
    for (std::string line; std::getline(out, line);) {
      if (line.find("ALARM") != std::string::npos) lines.push_back(line);
    }
    return lines;
  };
  EXPECT_THAT(lines_with_alarms(), ElementsAre("ALARM: user0, user1, user2 and 57 more (see "
                                               "`mailstow-backupd status --json`): it was never "
                                               "backed up successfully"));
  mailstow_.backupd({"-q", "once"});
  const auto status = mailstow_.backupd({"status"});
  EXPECT_THAT(status.out, HasSubstr("60 accounts are not backed up: "));
  EXPECT_THAT(status.out, HasSubstr("  user0, user1, user2 and 57 more (see `mailstow-backupd "
                                    "status --history`)\n"));
  EXPECT_THAT(lines_with_alarms(),
              ElementsAre("  ALARM for 60 of them: it was never backed up successfully"));
  const json all = mailstow_.backupd_json({"status"});
  EXPECT_EQ(all["accounts"][59]["alarms"].size(), 1U) << "JSON has the alarms of each account";
  EXPECT_THAT(mailstow_.backupd({"doctor"}).out,
              HasSubstr("alarm user0, user1, user2 and 57 more (see `mailstow-backupd status "
                        "--json`): it was never backed up"));
}

TEST_F(AlarmsTest, AServerThatIsDownHidesNoOtherAlarm) {
  wipe("1:30");
  once();
  json& accounts = mailstow_.config()["accounts"];
  for (int number = 0; number < 4; ++number) {
    accounts.push_back({{"name", "user" + std::to_string(number)}, {"server", "main"}});
  }
  mailstow_.config()["guards"]["stale_after"] = "0s";
  mailstow_.config()["servers"]["main"]["url"] = "imaps://127.0.0.1:1";
  mailstow_.save();
  mailstow_.backupd({"-q", "once"});
  const std::string status = mailstow_.backupd({"status"}).out;
  EXPECT_THAT(status, HasSubstr("5 accounts are not backed up: "));
  EXPECT_THAT(status, HasSubstr("\nALARM: alice: 30 messages vanished"));
  EXPECT_THAT(status, testing::Not(HasSubstr("\nALARM: user0")));
}

TEST_F(AlarmsTest, ABriefStatusIsOneLineWithAnExitStatus) {
  const json calm = mailstow_.backupd_json({"status", "--brief"});
  EXPECT_EQ(calm["accounts"], 1);
  EXPECT_EQ(calm["alarms"], json::array());
  mailstow_.config()["restore"]["time_zone"] = "Asia/Tokyo";
  mailstow_.save();
  const auto line = mailstow_.backupd({"status", "--brief"});
  EXPECT_EQ(line.status, 0);
  EXPECT_THAT(line.out, testing::MatchesRegex("no alarm; 1 account, backed up since "
                                              "[-0-9]+T[:0-9]+.09:00; [0-9.]+ .B stored\n"));
  mailstow_.config()["guards"]["stale_after"] = "0s";
  mailstow_.save();
  const auto alarm = mailstow_.backupd({"status", "--brief"});
  EXPECT_EQ(alarm.status, 3);
  EXPECT_THAT(alarm.out, testing::StartsWith("ALARM: alice: no successful backup since "));
  EXPECT_EQ(std::count(alarm.out.begin(), alarm.out.end(), '\n'), 1);
  EXPECT_EQ(mailstow_.backupd_json({"status", "--brief"}, 3)["alarms"][0]["kind"], "stale");
  EXPECT_EQ(mailstow_.backupd({"status"}).status, 0);
}

TEST_F(AlarmsTest, AVanishedAccountIsAcknowledged) {
  mailstow_.config()["accounts"] = {{{"name", "bob"}, {"server", "main"}}};
  mailstow_.save();
  EXPECT_EQ(mailstow_.backupd_json({"once"})["vanished"], json::array({"alice"}));
  mailstow_.backupd_json({"acknowledge", "alice"});
  EXPECT_EQ(mailstow_.backupd_json({"once"})["vanished"], json::array());
}

TEST_F(AlarmsTest, ASkippedMessageIsAcknowledgedWhateverTheCaseOfInbox) {
  {
    const store::Location location{mailstow_.store(), mailstow_.index(), mailstow_.key_file()};
    store::Writer writer =
        store::Writer::open(location, base::real_file_system(), base::system_clock());
    store::FolderInfo inbox;
    inbox.raw_name = "INBOX";
    inbox.uid_validity = 7;
    inbox.skipped = {{base::Uid{3}, "the server refused it"}};
    store::FolderDraft draft(inbox);
    store::SnapshotDraft snapshot;
    snapshot.account = "alice";
    snapshot.time = base::system_clock().now_seconds();
    snapshot.status = store::SnapshotStatus::kPartial;
    snapshot.folders = {writer.seal(draft)};
    snapshot.properties = store::to_properties(store::AccountProperties());
    writer.add_snapshot(snapshot);
    writer.commit();
  }
  EXPECT_EQ(mailstow_.backupd_json({"acknowledge", "alice", "inbox", "3"})["accepted"],
            json::array({"INBOX, UID 3: the server refused it: no longer reported as a problem"}));
}

TEST_F(AlarmsTest, RefusesToAcknowledgeAnUnknownProblem) {
  const auto skip = mailstow_.backupd({"acknowledge", "alice", "INBOX", "7"});
  EXPECT_EQ(skip.status, 1);
  EXPECT_THAT(skip.err, HasSubstr("no such message was skipped"));
  EXPECT_EQ(mailstow_.backupd({"acknowledge", "alice", "INBOX"}).status, 2);
  EXPECT_THAT(mailstow_.backupd({"acknowledge", "alise"}).err, HasSubstr("did you mean"));
}

}  // namespace
}  // namespace backupd
