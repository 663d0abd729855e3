#include "backupd/clock_watch.h"

#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "store/clock_guard.h"
#include "store/format/location.h"
#include "tests/standing_clock.h"
#include "tests/temporary_directory.h"

namespace backupd {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::sys_seconds;

constexpr sys_seconds kMorning = std::chrono::sys_days(days(20'000));

base::ClockSighting seen_before(sys_seconds time, const std::string& start) {
  return {.time = time, .since_start = {}, .start = start};
}

class ClockWatchTest : public testing::Test {
 protected:
  ClockWatchTest() {
    environment_.config.store.index = directory_.path() / "index";
    base::make_directories(environment_.files, environment_.config.store.index);
    set(kMorning);
  }

  void set(sys_seconds time) { clock_.ahead = time.time_since_epoch() - clock_.elapsed; }

  store::ClockMemory memory() {
    return store::load_clock_memory(
        environment_.files,
        store::clock_memory_file(store::location_of(environment_.config.store)));
  }

  class SetClock : public tests::StandingClock {
   public:
    base::TimePoint now() const override { return StandingClock::now() + ahead; }
    std::chrono::milliseconds ahead{0};
  };

  tests::TemporaryDirectory directory_;
  SetClock clock_;
  base::Environment environment_{{}, base::OutputFormat::kText, base::real_file_system(), clock_};
};

TEST_F(ClockWatchTest, ASteadyClockIsNotDoubted) {
  ClockWatch watch(environment_, seen_before(kMorning - hours(24), "another"));
  EXPECT_EQ(watch.begin().time, kMorning);
  clock_.elapsed += hours(30);
  watch.look();
  EXPECT_EQ(memory(), store::ClockMemory());
}

TEST_F(ClockWatchTest, AJumpSinceTheBackupBeforeBeginsADoubt) {
  const ClockWatch watch(environment_, seen_before(kMorning - days(3), "another"));
  EXPECT_EQ(memory().last, kMorning - days(3));
  EXPECT_TRUE(memory().doubted);
  EXPECT_TRUE(memory().ahead_since);
}

TEST_F(ClockWatchTest, AJumpWhileABackupRunsBeginsADoubtAtTheNextLook) {
  ClockWatch watch(environment_, std::nullopt);
  set(kMorning + days(365));
  EXPECT_EQ(memory(), store::ClockMemory());
  watch.look();
  ASSERT_TRUE(memory().doubted);
  EXPECT_EQ(memory().doubted->time, kMorning + days(365));
  EXPECT_EQ(memory().last, kMorning);
  clock_.elapsed += minutes(5);
  watch.look();
  EXPECT_EQ(memory().doubted->time, kMorning + days(365)) << "the same doubt";
}

TEST_F(ClockWatchTest, AClockThatGoesBackBeginsADoubt) {
  ClockWatch watch(environment_, std::nullopt);
  set(kMorning - days(365));
  watch.look();
  EXPECT_TRUE(memory().doubted);
  EXPECT_EQ(memory().last, kMorning);
}

TEST_F(ClockWatchTest, AJumpThatCanNotBeNotedDoesNotEndTheBackup) {
  ClockWatch watch(environment_, std::nullopt);
  environment_.config.store.index = directory_.path() / "gone";
  set(kMorning + days(365));
  EXPECT_NO_THROW(watch.look());
}

TEST(LastSightingTest, TheNewestBackupStandsForAnUnknownSighting) {
  const std::vector<DatedBackup> newest = {
      {"alice", kMorning - days(3)}, {"bob", kMorning - days(2)}, {"carol", kMorning + days(300)}};
  EXPECT_EQ(last_sighting({}, newest, kMorning), seen_before(kMorning - days(2), ""));
  EXPECT_EQ(last_sighting({}, {}, kMorning), std::nullopt);
  EXPECT_EQ(last_sighting(seen_before(kMorning, "one"), newest, kMorning),
            seen_before(kMorning, "one"));
}

}  // namespace
}  // namespace backupd
