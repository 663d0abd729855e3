#include "backupd/pass/commit_schedule.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <latch>
#include <mutex>
#include <optional>
#include <string>

#include <gmock/gmock.h>

#include "backupd/pass/commit_timer.h"
#include "store/format/pack.h"
#include "store/reader.h"
#include "store/writer.h"
#include "tests/expect_error.h"
#include "tests/standing_clock.h"
#include "tests/temporary_directory.h"

namespace backupd {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class ParkedAccount : public CommitSchedule::Participant {
 public:
  void park() override {
    if (++times == 1) parked.count_down();
  }

  std::atomic<int> times = 0;
  std::latch parked{1};  // once
};

class CommitScheduleTest : public testing::Test {
 protected:
  CommitScheduleTest() {
    store::init(location_, base::real_file_system(), base::system_clock());
    writer_.emplace(store::Writer::open(location_, base::real_file_system(), base::system_clock()));
    schedule_.emplace(*writer_, clock_);
    schedule_->join(account_);
  }

  void store_message(const std::string& text) {
    store::IncomingMessage message = writer_->begin_message();
    message.add(base::as_bytes(text));
    writer_->add(message);
  }

  // Returns how many commits `call` made.
  int commits_of(void (CommitSchedule::*call)()) {
    const int before = account_.times;
    ((*schedule_).*call)();
    return account_.times - before;
  }

  tests::TemporaryDirectory directory_;
  store::Location location_{directory_.path() / "store", directory_.path() / "index",
                            directory_.path() / "key"};
  tests::StandingClock clock_;
  std::optional<store::Writer> writer_;
  std::optional<CommitSchedule> schedule_;
  ParkedAccount account_;
};

TEST_F(CommitScheduleTest, CommitsEveryFiveMinutes) {
  EXPECT_EQ(commits_of(&CommitSchedule::commit_if_due), 0);
  clock_.elapsed += minutes(5) - seconds(1);
  EXPECT_EQ(commits_of(&CommitSchedule::commit_if_due), 0);
  clock_.elapsed += seconds(1);
  EXPECT_EQ(commits_of(&CommitSchedule::commit_if_due), 1);
  EXPECT_EQ(commits_of(&CommitSchedule::commit_if_due), 0);
}

TEST_F(CommitScheduleTest, AnAccountThatIsDoneWaitsNoLongerThanAMinute) {
  clock_.elapsed += seconds(59);
  EXPECT_EQ(commits_of(&CommitSchedule::commit_if_due_for_account), 0);
  clock_.elapsed += seconds(1);
  EXPECT_EQ(commits_of(&CommitSchedule::commit_if_due_for_account), 1);
  EXPECT_EQ(commits_of(&CommitSchedule::commit_if_due_for_account), 0);
}

TEST_F(CommitScheduleTest, TheTimerCommitsOnlyNewMessages) {
  clock_.elapsed += minutes(10);
  EXPECT_EQ(commits_of(&CommitSchedule::commit_if_worthwhile), 0);
  store_message("Subject: 1\r\n\r\n");
  EXPECT_EQ(commits_of(&CommitSchedule::commit_if_worthwhile), 1);
  clock_.elapsed += minutes(10);
  EXPECT_EQ(commits_of(&CommitSchedule::commit_if_worthwhile), 0);
  ParkedAccount other;
  schedule_->join(other);
  schedule_->leave(other);
  EXPECT_EQ(commits_of(&CommitSchedule::commit_if_worthwhile), 1);
  EXPECT_EQ(commits_of(&CommitSchedule::commit_if_worthwhile), 0);
}

TEST_F(CommitScheduleTest, ACheckComesBetweenTheLastSnapshotAndItsCommit) {
  int checks = 0;
  const auto packs = [&] {
    const std::filesystem::directory_iterator directory(location_.store / "packs");
    // One that is being written has another name.
    return std::ranges::count_if(directory, [](const auto& entry) {
      return store::pack_name(entry.path().filename().string()).has_value();
    });
  };
  const auto before = packs();
  CommitSchedule checked(*writer_, clock_, [&] {
    ++checks;
    EXPECT_EQ(account_.times, checks) << "what is under way is part of the commit";
    EXPECT_EQ(packs(), before + checks - 1);
  });
  checked.join(account_);
  checked.commit_if_due();
  EXPECT_EQ(checks, 0);
  for (int commit = 0; commit < 2; ++commit) {
    store_message("Subject: " + std::to_string(commit) + "\r\n\r\n");
    checked.commit();
  }
  EXPECT_EQ(checks, 2);
}

// It was done in the first seconds, and all other accounts wait for their servers.
TEST_F(CommitScheduleTest, TheTimerCommitsAnAccountThatIsDoneWithinAMinute) {
  ParkedAccount other;
  schedule_->join(other);
  schedule_->leave(other);
  clock_.elapsed += seconds(59);
  EXPECT_EQ(commits_of(&CommitSchedule::commit_if_worthwhile), 0);
  clock_.elapsed += seconds(1);
  EXPECT_EQ(commits_of(&CommitSchedule::commit_if_worthwhile), 1);
  clock_.elapsed += minutes(1);
  EXPECT_EQ(commits_of(&CommitSchedule::commit_if_worthwhile), 0);
}

TEST_F(CommitScheduleTest, CommitsStoredMessagesWhileAllAccountsWait) {
  store_message("Subject: 1\r\n\r\n");
  clock_.elapsed += minutes(5);
  std::mutex store;
  {
    const CommitTimer timer(*schedule_, store, *writer_, milliseconds(1));
    account_.parked.wait();
  }
  EXPECT_EQ(account_.times, 1);
}

TEST_F(CommitScheduleTest, TheTimerKeepsTheReasonWhyTheWriterRefusesFurtherWork) {
  store_message("Subject: 1\r\n\r\n");
  clock_.elapsed += minutes(5);
  std::filesystem::remove_all(directory_.path() / "store" / "packs");
  std::mutex store;
  CommitTimer timer(*schedule_, store, *writer_, milliseconds(1));
  account_.parked.wait();
  EXPECT_ERROR(kIo, "packs", timer.finish());
  EXPECT_NO_THROW(timer.finish()) << "once";
  EXPECT_FALSE(writer_->is_usable());
  EXPECT_ERROR(kIo, "reopen it", schedule_->commit());
}

}  // namespace
}  // namespace backupd
