#include "restore/restore_report.h"

#include <gmock/gmock.h>

namespace restore {
namespace {

using testing::HasSubstr;

RestoreReport whole() {
  RestoreReport report;
  report.account = report.to = "alice";
  report.snapshot = "1cfdbc70efac7601" + std::string(48, '0');
  report.snapshot_time = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);
  report.tree = "RESTORED/20261124T023000";
  report.expires = std::chrono::sys_days(std::chrono::year(2026) / 12 / 1);
  report.quota = {true, "1 MiB was not counted"};
  report.folders = {{"INBOX", "RESTORED/20261124T023000/INBOX", 1204, 1204, {}, {}}};
  return report;
}

TEST(RestoreReportTest, ReportsACompleteRestoreInPlainWords) {
  EXPECT_EQ(whole().to_text(),
            "alice: all 1,204 messages are back, in the folder RESTORED/20261124T023000.\n"
            "From the snapshot of 2026-11-23T00:00:00Z (1cfdbc70efac7601).\n"
            "Each was read back from the server and compared: all are exactly as they were.\n"
            "They do not count towards the quota (1 MiB was not counted).\n"
            "On 2026-12-01T00:00:00Z the folder is removed: copy anything you want to keep "
            "elsewhere, or extend it with\n"
            "    mailstow-restore extend alice RESTORED/20261124T023000 7d\n"
            "\n"
            "We have put back 1,204 messages from INBOX, as of 2026-11-23 00:00 (UTC).\n"
            "They are in the folder RESTORED/20261124T023000 of your mailbox until 2026-12-01 "
            "00:00 (UTC): please copy what you want to keep to another folder before then.\n");
  EXPECT_EQ(whole().exit_status(), base::ExitStatus::kDone);
  RestoreReport in_oslo = whole();
  in_oslo.time_zone = "Europe/Oslo";
  EXPECT_THAT(in_oslo.to_text(), HasSubstr("snapshot of 2026-11-23T01:00:00+01:00 ("));
  EXPECT_THAT(in_oslo.to_text(), HasSubstr("On 2026-12-01T01:00:00+01:00 the folder is removed"));
  EXPECT_THAT(whole().to_json(), HasSubstr("\"snapshot_time\": \"2026-11-23T00:00:00Z\""));
}

TEST(RestoreReportTest, WarnsIfSweepsFailOrNeverRan) {
  RestoreReport report = whole();
  report.last_sweep = base::LastSweep{report.snapshot_time, 0, true};
  EXPECT_THAT(report.to_text(), HasSubstr("\nThe last sweep was at 2026-11-23T00:00:00Z.\n"));
  report.last_sweep = base::LastSweep{report.snapshot_time, 1, false};
  EXPECT_THAT(report.to_text(), HasSubstr("\nWARNING: the last sweep was at 2026-11-23T00:00:00Z "
                                          "and ended with status 1: the folder stays until"));
  report.last_sweep = base::LastSweep{};
  EXPECT_THAT(report.to_text(), HasSubstr("\nWARNING: no sweep has run yet: the folder stays"));
  EXPECT_THAT(report.to_json(), HasSubstr("\"recent\": false"));
}

TEST(RestoreReportTest, OneMessageIsNotAll) {
  RestoreReport report = whole();
  report.folders = {{"INBOX", "RESTORED/20261124T023000/INBOX", 1, 1, {}, {}}};
  EXPECT_THAT(report.to_text(), testing::StartsWith("alice: 1 message is back, in the folder "));
}

TEST(RestoreReportTest, TwoLinesForTheUserEndTheText) {
  RestoreReport report = whole();
  report.time_zone = "Europe/Oslo";
  report.folders[0].restored = 1200;
  report.folders.push_back({"Empty", "RESTORED/x/Empty", 0, 0, {}, {}});
  for (const char* name : {"Sent", "Archive", "Work", "Old"}) {
    report.folders.push_back({name, std::string("RESTORED/x/") + name, 1, 1, {}, {}});
  }
  EXPECT_THAT(report.to_text(),
              testing::EndsWith(
                  "\n\nWe have put back 1,204 of 1,208 messages from INBOX, Sent, Archive and 2 "
                  "more folders, as of 2026-11-23 01:00 (Europe/Oslo).\n"
                  "They are in the folder RESTORED/20261124T023000 of your mailbox until "
                  "2026-12-01 01:00 (Europe/Oslo): please copy what you want to keep to another "
                  "folder before then.\n"));
  report.tree.clear();
  report.folders = {{"INBOX", "INBOX", 1, 1, {}, {}}, {"Sent", "Sent", 1, 1, {}, {}}};
  EXPECT_THAT(report.to_text(),
              testing::EndsWith("2 messages from INBOX and Sent, as of 2026-11-23 "
                                "01:00 (Europe/Oslo).\n"
                                "They are in the same folders as before.\n"));
  report.error = "connection lost";
  EXPECT_THAT(report.to_text(), testing::Not(HasSubstr("We have put back")));
  EXPECT_THAT(whole().to_json(), testing::Not(HasSubstr("We have put back")));
  RestoreReport nothing = whole();
  nothing.folders[0].restored = 0;
  EXPECT_THAT(nothing.to_text(), testing::Not(HasSubstr("We have put back")));
}

TEST(RestoreReportTest, ListsAlteredAndMissingMessagesFirst) {
  RestoreReport report = whole();
  report.folders[0].restored = 1203;
  report.folders[0].altered = {{base::Uid{7}, "its line ends"}};
  report.folders[0].skipped = {{base::Uid{9}, "too \x1b long"}};
  const std::string text = report.to_text();
  EXPECT_TRUE(text.starts_with(
      "altered: INBOX, UID 7: its line ends\nnot restored: INBOX, UID 9: too \\x1B long\n\n"));
  EXPECT_THAT(text, HasSubstr("1,203 of 1,204 messages are back"));
  EXPECT_THAT(text, HasSubstr("1,202 are exactly as they were, 1 was altered by the server"));
  EXPECT_EQ(report.exit_status(), base::ExitStatus::kPartial);
}

TEST(RestoreReportTest, ClaimsNothingAboutMessagesNotReadBack) {
  RestoreReport report = whole();
  report.error = "connection lost";
  FolderReport& folder = report.folders[0];
  folder.messages = 5;
  folder.restored = 0;
  folder.not_compared = 1;
  std::string text = report.to_text();
  EXPECT_THAT(text, HasSubstr("alice: 0 of 5 messages are back, in the folder "
                              "RESTORED/20261124T023000; accepted by the server, but not read "
                              "back: 1; not sent, or not known to have arrived: 4.\n"));
  EXPECT_THAT(text, HasSubstr("No message was read back.\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("exactly as they were")));
  EXPECT_THAT(text, testing::Not(HasSubstr("listed above")));
  EXPECT_THAT(report.to_json(), HasSubstr("\"not_compared\": 1"));
  EXPECT_EQ(report.exit_status(), base::ExitStatus::kPartial) << "one may be there";

  folder.restored = 2;
  folder.not_compared = 0;
  folder.skipped = {{base::Uid{9}, "too long"}};
  text = report.to_text();
  EXPECT_THAT(text, HasSubstr("; not restored, as listed above: 1; not sent, or not known to have "
                              "arrived: 2.\n"));
  EXPECT_THAT(text, HasSubstr("Each of those was read back from the server and compared: all are"));
}

TEST(RestoreReportTest, ADamagedStoreIsGraverThanMissingMessages) {
  RestoreReport report = whole();
  report.folders[0].restored = 1203;
  report.folders[0].skipped = {{base::Uid{9}, "its block is damaged"}};
  report.folders[0].has_damage = true;
  EXPECT_EQ(report.exit_status(), base::ExitStatus::kDamaged);
}

TEST(RestoreReportTest, AnInterruptedRestoreNamesTheCommandToContinue) {
  RestoreReport report = whole();
  report.error = "connection lost";
  EXPECT_THAT(report.to_text(), HasSubstr("It ended early: connection lost\nTo continue: "
                                          "mailstow-restore run alice --resume RESTORED/2026"));
  report.resume_options = " --to bob --as-of 4";
  EXPECT_THAT(report.to_text(), HasSubstr("To continue: mailstow-restore run alice --resume "
                                          "RESTORED/20261124T023000 --to bob --as-of 4\n"));
  report.tree = "";
  EXPECT_THAT(report.to_text(), HasSubstr("Run the same command again to continue"));
}

}  // namespace
}  // namespace restore
