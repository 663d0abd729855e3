#include "restore/sweep_report.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace restore {
namespace {

using base::ErrorCode;
using base::ExitStatus;
using testing::HasSubstr;

store::TreeRecord swept_record() {
  store::TreeRecord record;
  record.account = "alice";
  record.name = "RESTORED/20261124T023000";
  record.raw_name = "INBOX.RESTORED.20261124T023000";
  record.delimiter = '.';
  return record;
}

TreeOutcome outcome_of(std::optional<ErrorCode> code, SweptLevel::Action action) {
  TreeOutcome outcome{swept_record(), {}};
  outcome.error_code = code;
  outcome.swept.levels.push_back({swept_record().raw_name, action, "because"});
  return outcome;
}

ExitStatus status_of(std::vector<TreeOutcome> trees) {
  SweepReport report;
  report.trees = std::move(trees);
  return report.exit_status();
}

TEST(SweepReportTest, LevelsHaveTheNamesThatPeopleKnow) {
  const store::TreeRecord record = swept_record();
  EXPECT_EQ(shown_level(record, record.raw_name), record.name);
  EXPECT_EQ(shown_level(record, "INBOX.RESTORED"), "RESTORED");
  EXPECT_EQ(shown_level(record, record.raw_name + ".Entw&APw-rfe.2023"),
            record.name + "/Entwürfe/2023");
  EXPECT_EQ(shown_level(record, "INBOX.RESTORED.20261124T0230001.x"),
            "INBOX.RESTORED.20261124T0230001.x")
      << "none of the tree's";
}

TEST(SweepReportTest, TheExitStatusReportsUnfinishedTrees) {
  const auto done = outcome_of({}, SweptLevel::Action::kDeleted);
  const auto refused = outcome_of(ErrorCode::kRefused, SweptLevel::Action::kRefused);
  const auto half = outcome_of(ErrorCode::kRefused, SweptLevel::Action::kDeleted);
  const auto busy = outcome_of(ErrorCode::kBusy, SweptLevel::Action::kKeptForNow);
  const auto gone = outcome_of(ErrorCode::kConfig, SweptLevel::Action::kKeptForNow);
  EXPECT_EQ(status_of({}), ExitStatus::kDone);
  EXPECT_EQ(status_of({done, done}), ExitStatus::kDone);
  EXPECT_EQ(status_of({refused}), ExitStatus::kNothingDone);
  EXPECT_EQ(status_of({half}), ExitStatus::kPartial);
  EXPECT_EQ(status_of({done, refused}), ExitStatus::kPartial);
  EXPECT_EQ(status_of({refused, busy, done}), ExitStatus::kBusy);
  EXPECT_EQ(status_of({busy, gone}), ExitStatus::kUsage);
}

TEST(SweepReportTest, ATreeThatIsOutOfReachIsPartOfTheReportAndCountsOnceADay) {
  TreeOutcome outcome{swept_record(), {}};
  outcome.unreachable = "its account has left";
  EXPECT_EQ(status_of({outcome}), ExitStatus::kPartial);
  SweepReport report;
  outcome.is_report_due = false;
  report.trees = {outcome};
  EXPECT_EQ(report.exit_status(), ExitStatus::kDone);
  EXPECT_EQ(report.troubles().size(), 1U) << "the mail about it is not followed by its resolution";
  EXPECT_EQ(report.to_text(), "No other tree is due.\n");
  EXPECT_EQ(report.to_document()["trees"].size(), 1U) << "programs get it each time";
  outcome.is_closed = outcome.is_report_due = true;
  report.trees = {outcome};
  EXPECT_THAT(report.to_text(), HasSubstr("its record is closed, and its folders stay"));
}

TEST(SweepReportTest, AnOlderRecordIsReportedAndIsNoFailure) {
  SweepReport report;
  report.older_records = {"trees/0123: an older record of this tree was put back"};
  EXPECT_EQ(report.exit_status(), ExitStatus::kDone);
  EXPECT_EQ(report.to_document()["older_records"].size(), 1U);
  EXPECT_THAT(report.to_text(), HasSubstr("an older record of this tree was put back\n"));
  EXPECT_EQ(report.troubles(), report.older_records);
}

TEST(SweepReportTest, ATreeLeftToAnotherHostIsReportedAndIsNoFailure) {
  SweepReport report;
  report.left_to_other_hosts = {swept_record()};
  report.left_to_other_hosts[0].host = "0123";
  EXPECT_EQ(report.exit_status(), ExitStatus::kDone);
  EXPECT_EQ(report.to_document()["left_to_other_hosts"][0]["host"], "0123");
  EXPECT_THAT(report.to_text(), HasSubstr("left to the host that made it"));
  EXPECT_TRUE(report.troubles().empty());
}

TEST(SweepReportTest, WhatCouldNotBeRecordedMakesItPartial) {
  SweepReport report;
  report.not_recorded = {"the clock: not recorded: make room"};
  EXPECT_EQ(report.exit_status(), ExitStatus::kPartial);
  EXPECT_EQ(report.troubles(), report.not_recorded);
  EXPECT_EQ(report.to_document()["not_recorded"][0], report.not_recorded[0]);
  EXPECT_THAT(report.to_text(), HasSubstr(report.not_recorded[0]));
  report.trees = {outcome_of(ErrorCode::kNoSpace, SweptLevel::Action::kKeptForNow)};
  EXPECT_EQ(report.exit_status(), ExitStatus::kNothingDone) << "its only tree is still there";
}

TEST(SweepReportTest, HasAReasonForEachTreeThatIsStillThere) {
  const auto named = [](TreeOutcome outcome, const std::string& id) {
    outcome.record.id = id;
    return outcome;
  };
  TreeOutcome closed{swept_record(), {}};
  closed.unreachable = "its account has left";
  closed.is_closed = true;
  SweepReport report;
  report.trees = {named(outcome_of({}, SweptLevel::Action::kDeleted), "01"),
                  named(outcome_of(ErrorCode::kRefused, SweptLevel::Action::kRefused), "02"),
                  named(outcome_of({}, SweptLevel::Action::kEmptied), "03"), named(closed, "04")};
  report.left_to_other_hosts = {swept_record()};
  report.left_to_other_hosts[0].id = "05";
  const std::string tree = "alice: " + swept_record().name;
  const auto reasons = report.reasons();
  ASSERT_EQ(reasons.size(), 3U);
  EXPECT_EQ(reasons[0], (base::SweepReason{"02", tree + ": because"}));
  EXPECT_EQ(reasons[1], (base::SweepReason{"03", tree + ": emptied (because)"}));
  EXPECT_EQ(reasons[2].tree, "05");
  EXPECT_THAT(reasons[2].why, HasSubstr("left to the host that made it"));

  SweepReport held;
  held.held_back = 2;
  held.clock_doubt = "the clock is in doubt";
  ASSERT_EQ(held.reasons().size(), 1U);
  EXPECT_EQ(held.reasons()[0], (base::SweepReason{"", "none was deleted: the clock is in doubt"}));
}

TEST(SweepReportTest, ReportsRescuedMailWithTheCommandThatRestoresIt) {
  TreeOutcome outcome = outcome_of({}, SweptLevel::Action::kDeleted);
  outcome.swept.levels[0].rescued = 1;
  outcome.swept.levels[0].snapshots = {"00112233445566778899aabbccddeeff"};
  SweepReport report;
  report.trees = {outcome};
  EXPECT_THAT(report.to_text(), HasSubstr(": deleted (")) << "what follows is why";
  EXPECT_THAT(report.to_text(), HasSubstr("1 message that mailstow did not put there: rescued"));
  EXPECT_THAT(report.to_text(),
              HasSubstr("mailstow-restore run alice --all --at 0011223344556677\n"));
  EXPECT_EQ(report.to_document()["trees"][0]["levels"][0]["snapshots"][0],
            "00112233445566778899aabbccddeeff");
}

TEST(SweepReportTest, EscapesTextFromTheServer) {
  TreeOutcome outcome = outcome_of({}, SweptLevel::Action::kLeft);
  outcome.record.account = "al\x1b[2Jice";
  outcome.swept.levels[0].why = "\x1b]0;x\a";
  SweepReport report;
  report.trees = {outcome};
  EXPECT_EQ(report.to_text().find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace restore
