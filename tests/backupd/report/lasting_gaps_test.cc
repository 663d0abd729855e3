#include "backupd/report/lasting_gaps.h"

#include <gmock/gmock.h>

#include "backupd/report/alarms.h"
#include "store/format/account_properties.h"
#include "store/writer.h"
#include "tests/temporary_directory.h"

namespace backupd {
namespace {

using std::chrono::hours;
using std::chrono::sys_seconds;
using store::FolderCompleteness;
using testing::AllOf;
using testing::HasSubstr;

class LastingGapsTest : public testing::Test {
 protected:
  LastingGapsTest() {
    store::init(location_, base::real_file_system(), base::system_clock());
    writer_.emplace(store::Writer::open(location_, base::real_file_system(), base::system_clock()));
    inbox_.raw_name = "INBOX";
    inbox_.uid_validity = 7;
  }

  void back_up(int hour, store::SnapshotStatus status = store::SnapshotStatus::kPartial) {
    store::FolderDraft draft(inbox_);
    store::SnapshotDraft snapshot;
    snapshot.account = "alice";
    snapshot.time = sys_seconds(hours(hour));
    snapshot.status = status;
    snapshot.folders = {writer_->seal(draft)};
    snapshot.properties = store::to_properties(properties_);
    writer_->add_snapshot(snapshot);
    writer_->commit();
  }

  std::string gaps(bool is_accepted = false) {
    return lasting_gaps(
        writer_->reader(), "alice",
        [&](const store::SnapshotInfo&, const store::FolderInfo&, base::Uid) {
          return is_accepted;
        },
        now_);
  }

  void skip(std::uint32_t uid) { inbox_.skipped = {{base::Uid{uid}, "the server refused it"}}; }

  tests::TemporaryDirectory directory_;
  store::Location location_{directory_.path() / "store", directory_.path() / "index",
                            directory_.path() / "key"};
  std::optional<store::Writer> writer_;
  store::FolderInfo inbox_;
  store::AccountProperties properties_;
  sys_seconds now_{hours(1'000)};
};

TEST_F(LastingGapsTest, ThreeNightsAreNoticedWithoutARetentionThatKeepsThem) {
  skip(3);
  std::vector<store::SnapshotInfo> kept;
  back_up(0, store::SnapshotStatus::kComplete);
  for (int hour = 24; hour <= 84; hour += 6) {
    back_up(hour);
    kept.push_back(writer_->reader().snapshots("alice").back());
    const std::set<std::uint64_t> compared = compared_backups(kept, now_);
    const std::uint64_t newest = kept.back().sequence;
    std::erase_if(kept, [&](const store::SnapshotInfo& snapshot) {
      return snapshot.sequence != newest && !compared.contains(snapshot.sequence);
    });
    EXPECT_EQ(compared_backups(kept, now_), compared) << "the same plan drops nothing more";
  }
  ASSERT_EQ(kept.size(), 4U);  // the first of each of three days, and the newest
  EXPECT_EQ(kept[0].time, sys_seconds(hours(24)));
  EXPECT_EQ(kept[1].time, sys_seconds(hours(48)));
  EXPECT_EQ(kept[2].time, sys_seconds(hours(72)));
  back_up(90, store::SnapshotStatus::kComplete);
  EXPECT_TRUE(compared_backups(writer_->reader().snapshots("alice"), now_).empty());
}

TEST_F(LastingGapsTest, AMessageThatIsSkippedInThreeNights) {
  skip(3);
  back_up(0);
  back_up(24);
  EXPECT_EQ(gaps(), "");
  back_up(25);
  EXPECT_EQ(gaps(), "") << "three backups, but two nights";
  back_up(48);
  EXPECT_THAT(gaps(), HasSubstr("could not be fetched: 1"));
  EXPECT_EQ(gaps(true), "") << "it was acknowledged";

  const std::vector<Alarm> alarms = alarms_of(writer_->reader(), "alice", base::GuardConfig(),
                                              base::Acknowledgements(), sys_seconds(hours(49)));
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_EQ(alarms[0].kind, AlarmKind::kNoProgress);
  base::Acknowledgements acknowledged;
  acknowledged.accept_skip("alice", "INBOX", 7, base::Uid{3});
  EXPECT_TRUE(alarms_of(writer_->reader(), "alice", base::GuardConfig(), acknowledged,
                        sys_seconds(hours(49)))
                  .empty());
}

TEST_F(LastingGapsTest, OtherMessagesEachNightAreProgress) {
  for (const int night : {0, 1, 2}) {
    skip(static_cast<std::uint32_t>(night) + 1);
    back_up(24 * night);
  }
  EXPECT_EQ(gaps(), "");
}

TEST_F(LastingGapsTest, ACompleteBackupBetweenEndsThem) {
  skip(3);
  back_up(0);
  back_up(24, store::SnapshotStatus::kComplete);
  back_up(48);
  back_up(72);
  EXPECT_EQ(gaps(), "");
  back_up(96);
  EXPECT_NE(gaps(), "");
}

TEST_F(LastingGapsTest, FoldersAndAccountsThatDoNotAdvance) {
  properties_.is_cut_short = true;
  inbox_.completeness = FolderCompleteness::kInProgress;
  for (const int night : {0, 1, 2}) back_up(24 * night);
  EXPECT_THAT(gaps(), AllOf(HasSubstr("nothing arrived: 1"), HasSubstr("added nothing")));
  inbox_.uid_next = 9;
  inbox_.completeness = FolderCompleteness::kComplete;
  back_up(72);
  EXPECT_THAT(gaps(),
              AllOf(testing::Not(HasSubstr("nothing arrived")), HasSubstr("added nothing")));
  properties_.is_cut_short = false;
  back_up(96);
  EXPECT_EQ(gaps(), "");
}

TEST_F(LastingGapsTest, ABackupDatedInTheFutureDoesNotCount) {
  skip(3);
  for (const int night : {0, 1, 2}) back_up(24 * night);
  now_ = sys_seconds(hours(30));
  EXPECT_EQ(gaps(), "");
}

TEST_F(LastingGapsTest, ABackupDatedByAClockThatWasBehindDoesNotCount) {
  skip(3);
  constexpr int kYear = 24 * 365;
  now_ = sys_seconds(hours(kYear + 24 * 10));
  for (const int night : {0, 1}) back_up(kYear + 24 * night);
  back_up(24 * 2);
  EXPECT_EQ(gaps(), "") << "two nights, and one of an unknown time";
  back_up(kYear + 24 * 3);
  EXPECT_THAT(gaps(), HasSubstr("no progress since 1971-01-01"));
  const auto compared = compared_backups(writer_->reader().snapshots("alice"), now_);
  EXPECT_THAT(compared, testing::ElementsAre(1U, 2U, 4U));
}

}  // namespace
}  // namespace backupd
