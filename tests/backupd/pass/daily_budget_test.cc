// The budget of a day: the rest is fetched on the next one.
#include "backupd/pass/daily_budget.h"

#include <stdexcept>

#include <gmock/gmock.h>

#include "store/reader.h"
#include "tests/backupd/pass/odd_server.h"
#include "tests/backupd/pass/pass_runner.h"

namespace backupd {
namespace {

using testing::HasSubstr;

class DailyBudgetTest : public testing::Test {
 protected:
  DailyBudgetTest() {
    // Starts at noon, so that no midnight falls into a test.
    const auto now = base::system_clock().now();
    const auto today = std::chrono::floor<std::chrono::days>(now);
    runner_.set_ahead(today + std::chrono::hours(36) - now);
    for (const char* name : {"INBOX", "Sent"}) {
      for (std::uint32_t uid = 1; uid <= 5; ++uid) {
        server_.folder(name).message(uid, std::string(100, static_cast<char>('a' + bodies_++)));
      }
    }
  }

  AccountReport run() { return runner_.run_over(server_.connect()); }

  store::FolderCompleteness completeness(std::size_t folder) {
    store::Reader reader = store::Reader::open(runner_.location(), base::real_file_system());
    return reader.folders(runner_.snapshot())[folder].info.completeness;
  }

  void next_day() {
    days_ += std::chrono::days(1);
    const auto now = base::system_clock().now();
    const auto today = std::chrono::floor<std::chrono::days>(now);
    runner_.set_ahead(today + std::chrono::hours(36) + days_ - now);
  }

  int bodies_ = 0;
  std::chrono::days days_{0};
  OddServer server_;
  PassRunner runner_{"alice"};
};

TEST_F(DailyBudgetTest, AFolderIsParkedAndContinuedTheNextDay) {
  runner_.server_config().transfer.daily_bytes = 350;
  const AccountReport first = run();
  EXPECT_EQ(first.fetched_bytes, 300U);
  EXPECT_EQ(first.status, PassStatus::kPartial);
  EXPECT_THAT(first.error,
              HasSubstr("the daily amount of 350 B (daily_bytes) is used up: 2 folders continue"));
  EXPECT_TRUE(first.skipped.empty()) << "messages not fetched yet are not skipped";
  EXPECT_EQ(runner_.snapshot().messages, 3U);
  EXPECT_EQ(completeness(0), store::FolderCompleteness::kInProgress);
  EXPECT_EQ(runner_.snapshot().status, store::SnapshotStatus::kPartial);

  EXPECT_EQ(run().fetched_bytes, 0U) << "the same day";
  EXPECT_EQ(runner_.snapshot().messages, 3U);

  next_day();
  EXPECT_EQ(run().fetched_bytes, 300U);
  EXPECT_EQ(completeness(0), store::FolderCompleteness::kComplete);
  EXPECT_EQ(completeness(1), store::FolderCompleteness::kInProgress);
  next_day();
  EXPECT_EQ(run().fetched_bytes, 300U);
  next_day();
  const AccountReport last = run();
  EXPECT_EQ(last.fetched_bytes, 100U);
  EXPECT_EQ(last.status, PassStatus::kComplete);
  EXPECT_EQ(last.error, "");
  EXPECT_EQ(runner_.snapshot().messages, 10U);
}

TEST_F(DailyBudgetTest, CountsBytesFetchedBeforeTheAccountFailed) {
  runner_.server_config().transfer.daily_bytes = 350;
  auto& second = server_.folder("INBOX").messages[1].item;
  second = [](int time) -> std::string {
    if (time > 0) throw std::length_error("too much");
    return "";  // missing: it is requested once more, when the others have arrived
  };
  const AccountReport first = run();
  EXPECT_THAT(first.error, HasSubstr("too much"));
  EXPECT_EQ(first.fetched_bytes, 200U);
  second = {};
  EXPECT_EQ(run().fetched_bytes, 100U) << "the same day";
}

TEST_F(DailyBudgetTest, AMessageLargerThanTheBudgetGetsADayOfItsOwn) {
  runner_.server_config().transfer.daily_bytes = 20;
  for (std::uint64_t day = 1; day <= 3; ++day) {
    EXPECT_EQ(run().fetched_bytes, 100U);
    EXPECT_EQ(run().fetched_bytes, 0U);
    EXPECT_EQ(runner_.snapshot().messages, day);
    next_day();
  }
}

TEST_F(DailyBudgetTest, FlagsAndDeletionsCostNothing) {
  runner_.server_config().transfer.daily_bytes = 350;
  run();
  server_.folder("INBOX").messages.pop_front();
  run();
  EXPECT_EQ(runner_.snapshot().messages, 2U);
}

TEST_F(DailyBudgetTest, UsesTheBudgetOfTheCurrentDay) {
  struct Clock : base::Clock {
    base::TimePoint now() const override { return moment; }
    std::chrono::steady_clock::time_point steady_now() const override { return {}; }
    void sleep_for(std::chrono::milliseconds) override {}
    base::TimePoint moment =
        std::chrono::sys_days(std::chrono::year(2026) / 11 / 24) + std::chrono::hours(23);
  } clock;
  const auto day = std::chrono::floor<std::chrono::days>(clock.moment);
  DailyBudget budget(100, day, 70, clock);
  EXPECT_EQ(budget.left(), 30U);
  budget.use(40);
  EXPECT_EQ(budget.left(), 0U);
  clock.moment += std::chrono::hours(1);
  EXPECT_EQ(budget.left(), 100U);
  budget.use(1);
  EXPECT_EQ(budget.day(), day + std::chrono::days(1));
  EXPECT_EQ(budget.used(), 1U);
  EXPECT_FALSE(DailyBudget({}, day, 5, clock).is_limited());
}

}  // namespace
}  // namespace backupd
