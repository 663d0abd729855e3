#include "backupd/report/accepted_skips.h"

#include <gtest/gtest.h>

namespace backupd {
namespace {

AccountReport report_of(const std::vector<SkippedEntry>& skipped) {
  AccountReport report;
  report.account = "alice";
  report.status = PassStatus::kPartial;
  report.snapshot.emplace().status = store::SnapshotStatus::kPartial;
  report.receipts = {{"INBOX", 77, {}}};
  report.skipped = skipped;
  return report;
}

class AcceptedSkipsTest : public testing::Test {
 protected:
  PassStatus status_of(AccountReport report) const {
    apply_accepted_skips(accepted_, report);
    return report.status;
  }

  base::Acknowledgements accepted_;
};

TEST_F(AcceptedSkipsTest, AnAcceptedSkipIsNoProblem) {
  accepted_.accept_skip("alice", "INBOX", 77, base::Uid{5});
  AccountReport report = report_of({{"INBOX", base::Uid{5}, "no body"}});
  apply_accepted_skips(accepted_, report);
  EXPECT_EQ(report.status, PassStatus::kComplete);
  EXPECT_TRUE(report.skipped.front().acknowledged) << "it is still listed";
}

TEST_F(AcceptedSkipsTest, EverythingElseRemainsAProblem) {
  accepted_.accept_skip("alice", "INBOX", 77, base::Uid{5});
  const SkippedEntry accepted{"INBOX", base::Uid{5}, "no body"};
  EXPECT_EQ(status_of(report_of({accepted, {"INBOX", base::Uid{6}, "no body"}})),
            PassStatus::kPartial);
  EXPECT_EQ(status_of(report_of({accepted, {"INBOX", std::nullopt, "refused"}})),
            PassStatus::kPartial);
  EXPECT_EQ(status_of(report_of({{"Sent", base::Uid{5}, "no body"}})), PassStatus::kPartial);

  AccountReport other_generation = report_of({accepted});
  other_generation.receipts.front().uid_validity = 78;
  EXPECT_EQ(status_of(other_generation), PassStatus::kPartial)
      << "the UID belongs to a different message now";

  AccountReport other_account = report_of({accepted});
  other_account.account = "bob";
  EXPECT_EQ(status_of(other_account), PassStatus::kPartial);

  AccountReport broken_off = report_of({accepted});
  broken_off.error = "connection lost";
  EXPECT_EQ(status_of(broken_off), PassStatus::kPartial);

  AccountReport moving = report_of({accepted});
  moving.snapshot->status = store::SnapshotStatus::kMoving;
  EXPECT_EQ(status_of(moving), PassStatus::kPartial);

  AccountReport failed = report_of({accepted});
  failed.status = PassStatus::kFailed;
  EXPECT_EQ(status_of(failed), PassStatus::kFailed);
}

}  // namespace
}  // namespace backupd
