#include "backupd/acknowledgements.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/temporary_folder.h"

namespace backupd {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

AccountReport report_of(const std::vector<SkippedEntry>& skipped) {
  AccountReport report;
  report.account = "alice";
  report.status = PassStatus::kPartial;
  report.snapshot.emplace().status = store::SnapshotStatus::kPartial;
  report.receipts = {{"INBOX", 77, {}}};
  report.skipped = skipped;
  return report;
}

class AcknowledgementsTest : public testing::Test {
 protected:
  AcknowledgementsTest() { store_.index = folder_.path(); }

  PassStatus status_of(AccountReport report) const {
    accepted_.apply_to(report);
    return report.status;
  }

  tests::TemporaryFolder folder_;
  base::StoreConfig store_;
  Acknowledgements accepted_;
};

TEST_F(AcknowledgementsTest, AnAcceptedSkipIsNoTrouble) {
  accepted_.accept_skip("alice", "INBOX", 77, base::Uid{5});
  AccountReport report = report_of({{"INBOX", base::Uid{5}, "no body"}});
  accepted_.apply_to(report);
  EXPECT_EQ(report.status, PassStatus::kComplete);
  EXPECT_TRUE(report.skipped.front().acknowledged) << "it is still told";
}

TEST_F(AcknowledgementsTest, EverythingElseStaysATrouble) {
  accepted_.accept_skip("alice", "INBOX", 77, base::Uid{5});
  const SkippedEntry accepted{"INBOX", base::Uid{5}, "no body"};
  EXPECT_EQ(status_of(report_of({accepted, {"INBOX", base::Uid{6}, "no body"}})),
            PassStatus::kPartial);
  EXPECT_EQ(status_of(report_of({accepted, {"INBOX", std::nullopt, "refused"}})),
            PassStatus::kPartial);
  EXPECT_EQ(status_of(report_of({{"Sent", base::Uid{5}, "no body"}})), PassStatus::kPartial);

  AccountReport other_generation = report_of({accepted});
  other_generation.receipts.front().uid_validity = 78;
  EXPECT_EQ(status_of(other_generation), PassStatus::kPartial) << "another message has the UID now";

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

TEST_F(AcknowledgementsTest, AreKept) {
  accepted_.accept_skip("alice", "A \"b\\/%FF", 4'294'967'295U, base::Uid{4'294'967'295U});
  accepted_.accept_deletions("bob", sys_seconds(seconds(1'800'000'000)));
  accepted_.accept_absence("carol");
  accepted_.save(base::real_file_system(), store_);
  const auto loaded = Acknowledgements::load(base::real_file_system(), store_);
  EXPECT_EQ(loaded, accepted_);
  EXPECT_EQ(loaded.deletions_accepted("bob"), sys_seconds(seconds(1'800'000'000)));
  EXPECT_FALSE(loaded.deletions_accepted("alice").has_value());
  EXPECT_TRUE(loaded.is_absence_accepted("carol"));
  EXPECT_FALSE(loaded.is_absence_accepted("bob"));
}

TEST_F(AcknowledgementsTest, ADamagedFileAcceptsNothing) {
  for (const char* text :
       {"", "{", "[1]", R"({"alice": 7})", R"({"alice": {"skips": [{"uid": 5}]}})",
        R"({"alice": {"skips": [], "deletions_until": "x"}})"}) {
    std::ofstream(folder_.path() / "acknowledged.json") << text;
    EXPECT_EQ(Acknowledgements::load(base::real_file_system(), store_), Acknowledgements()) << text;
  }
}

}  // namespace
}  // namespace backupd
