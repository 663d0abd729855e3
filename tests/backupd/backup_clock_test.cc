#include "backupd/backup_clock.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/temporary_directory.h"

namespace backupd {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr sys_seconds kEvening{seconds(1'800'000'000)};

base::ClockSighting seen(sys_seconds time, seconds since_start, const std::string& start = "one") {
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
  const base::ClockSighting last = seen(kEvening, hours(10));
  const auto count = [&](const base::ClockSighting& now) {
    return clock_troubles(now, last, {}).size();
  };
  EXPECT_EQ(count(seen(kEvening + days(30), hours(10) + days(30))), 0U) << "it was off for a month";
  EXPECT_EQ(count(seen(kEvening + days(1), hours(10))), 0U);
  EXPECT_EQ(count(seen(kEvening + days(2), hours(10))), 1U);
  EXPECT_EQ(count(seen(kEvening + days(365), hours(34))), 1U);
  EXPECT_EQ(count(seen(kEvening + days(14), hours(1), "two")), 0U) << "it may have been off";
  EXPECT_EQ(count(seen(kEvening + days(365), hours(1), "two")), 1U) << "a dead battery";
  EXPECT_EQ(count(seen(kEvening + days(365), hours(11), "")), 0U);
  EXPECT_THAT(clock_troubles(seen(kEvening + days(365) + seconds(7), hours(10)), last, {}),
              ElementsAre(HasSubstr("it has gained 365 days: ")));
}

TEST(BackupClockTest, AGainIsShownInDays) {
  const base::ClockSighting last = seen(kEvening, hours(10));
  const auto gain = [&](std::chrono::seconds gained) {
    return clock_troubles(seen(kEvening + gained + minutes(3), hours(10) + minutes(3)), last, {})
        .at(0);
  };
  EXPECT_THAT(gain(days(365) + seconds(1)), HasSubstr("it has gained 365 days:"));
  EXPECT_THAT(gain(days(1) + hours(5) + minutes(7)), HasSubstr("it has gained 1 day and 5 hours:"));
  EXPECT_THAT(gain(days(2)), HasSubstr("it has gained 2 days:"));
}

TEST(BackupClockTest, AnEarlierTimeThanBeforeIsAClockThatHasGoneBack) {
  const base::ClockSighting before = seen(kEvening, hours(1));
  EXPECT_TRUE(has_gone_back(seen(kEvening - days(365), hours(2)), before));
  EXPECT_TRUE(has_gone_back(seen(kEvening - hours(1), minutes(3), "two"), before));
  EXPECT_FALSE(has_gone_back(seen(kEvening - minutes(4), hours(2)), before)) << "small corrections";
  EXPECT_FALSE(has_gone_back(seen(kEvening + days(7), hours(2)), before));
}

TEST(BackupClockTest, AJumpIsMoreThanTheTimeThatIsKnownToHavePassed) {
  const base::ClockSighting before = seen(kEvening, hours(1));
  EXPECT_FALSE(has_jumped_ahead(seen(kEvening + days(2), hours(1)), before));
  EXPECT_TRUE(has_jumped_ahead(seen(kEvening + days(2) + seconds(1), hours(1)), before));
  EXPECT_FALSE(has_jumped_ahead(seen(kEvening + days(7), hours(1) + days(7)), before));
  EXPECT_TRUE(has_jumped_ahead(seen(kEvening + days(7), minutes(3), "two"), before))
      << "for how long the machine was off is unknown";
  EXPECT_TRUE(
      has_jumped_ahead(seen(kEvening + days(7), minutes(3), "two"), seen(kEvening, hours(1), "")));
  EXPECT_FALSE(has_jumped_ahead(seen(kEvening + days(7), minutes(3), ""), before));
  EXPECT_FALSE(has_jumped_ahead(seen(kEvening - days(7), hours(2)), before));
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

}  // namespace
}  // namespace backupd
