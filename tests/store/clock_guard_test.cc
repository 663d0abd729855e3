#include "store/clock_guard.h"

#include <fstream>

#include <gmock/gmock.h>

#include "base/atomic_file.h"
#include "tests/store/simulated_file_system.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::sys_seconds;

constexpr sys_seconds kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 24);

// The machine has been running for long.
base::ClockSighting sighting_at(sys_seconds time, std::chrono::seconds set_by = {},
                                const std::string& start = "one") {
  return {.time = time, .since_start = time - (kNow - days(1000)) - set_by, .start = start};
}

// Sweeps one after the other, as a timer runs them.
class Sweeps {
 public:
  bool is_believed(sys_seconds now, std::optional<sys_seconds> recorded) {
    return is_believed(sighting_at(now, set_by_), recorded);
  }
  bool is_believed(const base::ClockSighting& now, std::optional<sys_seconds> recorded) {
    return is_believed_with(now, {.backup = recorded});
  }
  bool is_believed_with(const base::ClockSighting& now, const NewestRecords& recorded) {
    const ClockVerdict verdict = judge_clock(now, recorded, memory_, "mailstow-restore sweep");
    memory_ = verdict.memory;
    return verdict.doubt.empty();
  }
  bool is_believed_with(sys_seconds now, const NewestRecords& recorded) {
    return is_believed_with(sighting_at(now, set_by_), recorded);
  }

  // From now on the clock is ahead by this much more than before.
  void jump(std::chrono::seconds by) { set_by_ += by; }

 private:
  ClockMemory memory_;
  std::chrono::seconds set_by_{};
};

TEST(ClockGuardTest, AStoreWithoutAnythingGivesNoReasonToDoubt) {
  EXPECT_TRUE(Sweeps().is_believed(kNow, std::nullopt));
}

TEST(ClockGuardTest, TwoDaysAheadIsBelievedAndASecondMoreIsNot) {
  EXPECT_TRUE(Sweeps().is_believed(kNow, kNow));
  EXPECT_TRUE(Sweeps().is_believed(kNow, kNow - days(2)));
  EXPECT_FALSE(Sweeps().is_believed(kNow, kNow - days(2) - 1s));
}

TEST(ClockGuardTest, DoubtsATimeBeforeTheNewestRecord) {
  EXPECT_FALSE(Sweeps().is_believed(kNow, kNow + 1s));
}

TEST(ClockGuardTest, SweepsKeepTheirOwnTimeBetweenBackups) {
  Sweeps sweeps;
  for (int hour = 0; hour < 24 * 30; ++hour) {
    EXPECT_TRUE(sweeps.is_believed(kNow + std::chrono::hours(hour), kNow)) << hour;
  }
}

TEST(ClockGuardTest, AfterADoubtTheClockMustGoOnForAnHour) {
  Sweeps sweeps;
  const sys_seconds jumped = kNow + days(10);
  EXPECT_FALSE(sweeps.is_believed(jumped, kNow));
  EXPECT_FALSE(sweeps.is_believed(jumped + 30min, kNow));
  EXPECT_FALSE(sweeps.is_believed(jumped + 59min, kNow));
  EXPECT_TRUE(sweeps.is_believed(jumped + 60min, kNow));
  EXPECT_TRUE(sweeps.is_believed(jumped + 61min, kNow)) << "from here on it is the time";
}

TEST(ClockGuardTest, AClockThatJumpsAgainIsDoubtedForAnotherHour) {
  for (const days second : {days(1), days(30), days(50)}) {
    Sweeps sweeps;
    sys_seconds now = kNow + days(10);
    sweeps.jump(days(10));
    EXPECT_FALSE(sweeps.is_believed(now, kNow));
    now += second;
    sweeps.jump(second);
    EXPECT_FALSE(sweeps.is_believed(now, kNow)) << second.count();
    EXPECT_FALSE(sweeps.is_believed(now + 10min, kNow));
    EXPECT_TRUE(sweeps.is_believed(now + 70min, kNow));
  }
}

TEST(ClockGuardTest, AClockThatIsSetBackDuringADoubtIsDoubtedForAnotherHour) {
  Sweeps sweeps;
  EXPECT_FALSE(sweeps.is_believed(kNow + days(10), kNow));
  sweeps.jump(-days(3));
  EXPECT_FALSE(sweeps.is_believed(kNow + days(10) + 2h, kNow));
  EXPECT_TRUE(sweeps.is_believed(kNow + days(10) + 3h, kNow));
}

// For how long a machine was off is unknown: a clock that its start set wrongly must run on, too.
TEST(ClockGuardTest, AfterARestartTheMachineMustHaveBeenOnForAnHour) {
  const sys_seconds later = kNow + days(20);
  const auto restarted = [&](std::chrono::seconds since_start) {
    return base::ClockSighting{.time = later, .since_start = since_start, .start = "two"};
  };
  for (const bool has_been_on : {false, true}) {
    Sweeps sweeps;
    EXPECT_FALSE(sweeps.is_believed(kNow + days(10), kNow));
    EXPECT_EQ(sweeps.is_believed(restarted(has_been_on ? 61min : 59min), kNow), has_been_on);
  }
  Sweeps sweeps;
  EXPECT_FALSE(sweeps.is_believed(kNow + days(10), kNow));
  EXPECT_FALSE(sweeps.is_believed(restarted(days(11)), kNow)) << "it was set back since the start";
}

TEST(ClockGuardTest, WeeklySweepsAloneLeaveTheDoubtToo) {
  Sweeps sweeps;
  EXPECT_TRUE(sweeps.is_believed(kNow, kNow));
  EXPECT_FALSE(sweeps.is_believed(kNow + days(7), kNow));
  EXPECT_TRUE(sweeps.is_believed(kNow + days(14), kNow));
}

TEST(ClockGuardTest, MonthlyPrunesAloneLeaveTheDoubtToo) {
  Sweeps prunes;
  EXPECT_TRUE(prunes.is_believed(kNow, kNow));
  EXPECT_FALSE(prunes.is_believed(kNow + days(92), kNow)) << "the host was off for three months";
  EXPECT_TRUE(prunes.is_believed(kNow + days(92 + 31), kNow));
}

TEST(ClockGuardTest, AClockThatWasPutRightIsBelievedAtOnce) {
  Sweeps sweeps;
  EXPECT_TRUE(sweeps.is_believed(kNow, kNow));
  EXPECT_FALSE(sweeps.is_believed(kNow + days(400), kNow));
  EXPECT_TRUE(sweeps.is_believed(kNow + 1h, kNow));
}

TEST(ClockGuardTest, AFutureRecordOfAWrongClockIsOverruledOnce) {
  Sweeps sweeps;
  const sys_seconds future = kNow + days(900);
  EXPECT_FALSE(sweeps.is_believed(kNow, future));
  EXPECT_TRUE(sweeps.is_believed(kNow + 1h, future));
  EXPECT_TRUE(sweeps.is_believed(kNow + 2h, future)) << "not doubted every other time";
  EXPECT_FALSE(sweeps.is_believed(kNow + 3h, future + 1s)) << "something new from the future";
}

TEST(ClockGuardTest, TheDoubtNamesTheRemedy) {
  const std::string doubt =
      judge_clock(sighting_at(kNow), {.backup = kNow - days(5)}, {}, "mailstow-backupd prune")
          .doubt;
  EXPECT_THAT(doubt, testing::HasSubstr("2026-11-24T00:00:00Z"));
  EXPECT_THAT(doubt, testing::HasSubstr("`mailstow-backupd prune --now`"));
}

// A prune leaves to the next sweep what it found, and the other way round.
TEST(ClockGuardTest, ARecordMadeDuringADoubtIsNoEvidence) {
  Sweeps sweeps;
  EXPECT_TRUE(sweeps.is_believed(kNow, kNow));
  sweeps.jump(days(365));
  const sys_seconds jumped = kNow + days(365);
  EXPECT_FALSE(sweeps.is_believed(jumped, kNow));
  EXPECT_FALSE(sweeps.is_believed(jumped + 10min, jumped + 5min)) << "of a backup meanwhile";
  EXPECT_TRUE(sweeps.is_believed(jumped + 1h, jumped + 5min)) << "it has run on for an hour";
}

TEST(ClockGuardTest, ARestartDuringADoubtMakesNoEvidenceOfItsRecords) {
  Sweeps sweeps;
  EXPECT_TRUE(sweeps.is_believed(kNow, kNow));
  const sys_seconds jumped = kNow + days(365);
  const sys_seconds backup = jumped + 5min;
  const auto seen = [&](std::chrono::seconds passed, std::chrono::seconds since_start,
                        const char* start) {
    return base::ClockSighting{.time = jumped + passed, .since_start = since_start, .start = start};
  };
  EXPECT_FALSE(sweeps.is_believed(seen(0s, 2min, "two"), kNow));
  EXPECT_FALSE(sweeps.is_believed(seen(20min, 1min, "three"), backup));
  EXPECT_FALSE(sweeps.is_believed(seen(30min, 11min, "three"), backup));
  EXPECT_TRUE(sweeps.is_believed(seen(80min, 61min, "three"), backup)) << "it has run on";
}

// A restore dates it without a look at the clock, before anything that deletes sees that.
TEST(ClockGuardTest, ATreeIsNoEvidenceForAClockThatARestartSetAhead) {
  const sys_seconds ahead = kNow + days(365);
  const auto restarted = [&](std::chrono::seconds passed) {
    return base::ClockSighting{
        .time = ahead + passed, .since_start = 2min + passed, .start = "two"};
  };
  const NewestRecords recorded{.backup = kNow - 8h, .tree = ahead + 1min};
  Sweeps sweeps;
  EXPECT_TRUE(sweeps.is_believed_with(kNow, {.backup = kNow - 8h}));
  EXPECT_FALSE(sweeps.is_believed_with(restarted(5min), recorded));
  EXPECT_FALSE(sweeps.is_believed_with(restarted(64min), recorded));
  EXPECT_TRUE(sweeps.is_believed_with(restarted(65min), recorded)) << "it has run on";

  Sweeps without_memory;
  EXPECT_FALSE(without_memory.is_believed_with(restarted(5min), recorded)) << "the backup tells";
  Sweeps without_backups;
  EXPECT_TRUE(without_backups.is_believed(kNow, std::nullopt));
  EXPECT_FALSE(without_backups.is_believed_with(restarted(5min), {.tree = ahead + 1min}));
}

TEST(ClockGuardTest, ATreeShowsThatTheClockIsBehindIt) {
  Sweeps sweeps;
  EXPECT_TRUE(sweeps.is_believed_with(kNow, {.backup = kNow - 8h, .tree = kNow - 2h}));
  EXPECT_FALSE(sweeps.is_believed_with(kNow + 5min, {.backup = kNow - 8h, .tree = kNow + 1h}));
}

TEST(ClockGuardTest, WithoutOtherRecordsATreeTellsTheTime) {
  EXPECT_TRUE(Sweeps().is_believed_with(kNow, {.tree = kNow - days(2)}));
  EXPECT_FALSE(Sweeps().is_believed_with(kNow, {.tree = kNow - days(3)}));
}

TEST(ClockGuardTest, AnOverruledTreeHidesNoBackup) {
  Sweeps sweeps;
  const sys_seconds future = kNow + days(900);
  EXPECT_FALSE(sweeps.is_believed_with(kNow, {.backup = kNow - 8h, .tree = future}));
  EXPECT_TRUE(sweeps.is_believed_with(kNow + 1h, {.backup = kNow - 8h, .tree = future}));
  EXPECT_TRUE(sweeps.is_believed_with(kNow + days(7), {.backup = kNow + days(6), .tree = future}));
}

// It is noticed without the note of a backup.
TEST(ClockGuardTest, ARecordSinceAJumpThatIsCertainIsNoEvidence) {
  Sweeps sweeps;
  EXPECT_TRUE(sweeps.is_believed(kNow, kNow));
  sweeps.jump(days(365));
  const sys_seconds jumped = kNow + days(365) + 1h;
  const sys_seconds tree = jumped - 30min;
  EXPECT_FALSE(sweeps.is_believed(jumped, tree));
  const auto restarted = [&](std::chrono::seconds since_start) {
    return base::ClockSighting{
        .time = jumped + 5min + since_start, .since_start = since_start, .start = "two"};
  };
  EXPECT_FALSE(sweeps.is_believed(restarted(1min), tree));
  EXPECT_TRUE(sweeps.is_believed(restarted(61min), tree));

  Sweeps weekly;
  EXPECT_TRUE(weekly.is_believed(kNow, kNow));
  EXPECT_TRUE(weekly.is_believed(kNow + days(7), kNow + days(6))) << "that time has passed";
}

TEST(ClockGuardTest, ARecordOfADoubtedClockRaisesNoDoubtLater) {
  const sys_seconds backup = kNow + days(365) + 5min;
  Sweeps sweeps;
  EXPECT_TRUE(sweeps.is_believed(kNow, kNow));
  sweeps.jump(days(365));
  EXPECT_FALSE(sweeps.is_believed(kNow + days(365), kNow));
  sweeps.jump(-days(365));
  EXPECT_TRUE(sweeps.is_believed(kNow + 2h, backup)) << "it was put right";
  EXPECT_TRUE(sweeps.is_believed(kNow + 3h, backup));

  Sweeps prunes;
  EXPECT_TRUE(prunes.is_believed(kNow - days(7), kNow - days(7)));
  EXPECT_FALSE(prunes.is_believed(kNow, kNow + days(3))) << "a backup recorded that";
  EXPECT_TRUE(prunes.is_believed(kNow + 1h, kNow + days(3)));
  EXPECT_TRUE(prunes.is_believed(kNow + 2h, kNow + days(3))) << "not doubted every other time";
}

TEST(ClockGuardTest, ABackupBeginsADoubtBeforeItRecordsTheTime) {
  const tests::TemporaryDirectory directory;
  Location location;
  location.index = directory.path() / "index";
  base::FileSystem& files = base::real_file_system();
  base::make_directories(files, location.index);
  const auto ahead = [](std::chrono::seconds passed) {
    return sighting_at(kNow + days(365) + passed, days(365));
  };
  const auto doubt = [&](const base::ClockSighting& now, sys_seconds recorded) {
    return doubt_about_clock(location, files, now, {.backup = recorded}, ClockDoubt::kJudge,
                             "prune");
  };
  const sys_seconds recorded = kNow + days(365);
  begin_doubt(location, files, ahead(0s), sighting_at(kNow));
  EXPECT_NE(doubt(ahead(1min), recorded), "");
  begin_doubt(location, files, ahead(30min), sighting_at(kNow));
  EXPECT_EQ(doubt(ahead(1h), recorded), "") << "it began with the first backup";

  begin_doubt(location, files, sighting_at(kNow + days(730) + 2h, days(730)), ahead(1h));
  EXPECT_EQ(doubt(ahead(2h), recorded + 1h), "") << "it was put right";
}

TEST(ClockGuardTest, ATimeShownBetweenTwoJumpsIsNoEvidence) {
  const tests::TemporaryDirectory directory;
  Location location;
  location.index = directory.path() / "index";
  base::FileSystem& files = base::real_file_system();
  base::make_directories(files, location.index);
  const auto ahead = [](std::chrono::seconds passed, days by) {
    return sighting_at(kNow + by + passed, by);
  };
  begin_doubt(location, files, ahead(0s, days(365)), sighting_at(kNow));
  begin_doubt(location, files, ahead(2min, days(730)), ahead(1min, days(365)));
  EXPECT_NE(doubt_about_clock(location, files, ahead(3min, days(365)),
                              {.backup = kNow + days(365) + 1min}, ClockDoubt::kJudge, "prune"),
            "");
}

// For how long the machine was off is unknown to the first backup after it, but not to the sweeps.
TEST(ClockGuardTest, ABackupDoesNotDoubtAClockThatWasTrustedSinceTheStart) {
  const tests::TemporaryDirectory directory;
  Location location;
  location.index = directory.path() / "index";
  base::FileSystem& files = base::real_file_system();
  const auto has_doubt = [&] {
    return load_clock_memory(files, location.index / "sweeper.json").doubted.has_value();
  };
  EXPECT_EQ(doubt_about_clock(location, files, sighting_at(kNow, {}, "two"), {}, ClockDoubt::kJudge,
                              "sweep"),
            "");
  begin_doubt(location, files, sighting_at(kNow + 1h, {}, "two"), sighting_at(kNow - days(7)));
  EXPECT_FALSE(has_doubt());
  begin_doubt(location, files, sighting_at(kNow + days(7), days(7), "two"), sighting_at(kNow));
  EXPECT_TRUE(has_doubt()) << "it has jumped since";
}

TEST(ClockGuardTest, ABackupThatSeesTheClockGoBackBeginsADoubt) {
  const tests::TemporaryDirectory directory;
  Location location;
  location.index = directory.path() / "index";
  base::FileSystem& files = base::real_file_system();
  base::make_directories(files, location.index);
  const auto behind = [](std::chrono::seconds passed) {
    return sighting_at(kNow + passed - days(365), -days(365));
  };
  const auto doubt = [&](const base::ClockSighting& now, sys_seconds recorded) {
    return doubt_about_clock(location, files, now, {.backup = recorded}, ClockDoubt::kJudgeOnly,
                             "prune");
  };
  begin_doubt(location, files, behind(1min), sighting_at(kNow));
  EXPECT_NE(doubt(behind(2min), kNow - days(365)), "") << "its own snapshot is the newest";
  EXPECT_EQ(doubt(sighting_at(kNow + 5min), kNow - days(365)), "") << "the clock is right again";
  begin_doubt(location, files, sighting_at(kNow + 6min), behind(2min));
  EXPECT_EQ(doubt(sighting_at(kNow + 7min), kNow + 6min), "") << "and a backup was made";
}

TEST(ClockGuardTest, AClockSetBackFromADoubtedTimeIsNotDoubted) {
  const tests::TemporaryDirectory directory;
  Location location;
  location.index = directory.path() / "index";
  base::FileSystem& files = base::real_file_system();
  base::make_directories(files, location.index);
  const auto ahead = sighting_at(kNow + days(365), days(365));
  begin_doubt(location, files, ahead, sighting_at(kNow));
  begin_doubt(location, files, sighting_at(kNow + 1min), ahead);
  EXPECT_EQ(doubt_about_clock(location, files, sighting_at(kNow + 2min), {.backup = kNow + 1min},
                              ClockDoubt::kJudge, "prune"),
            "");
}

// The backup sees it when it ends: what it has recorded until then counts as little.
TEST(ClockGuardTest, RecordsSinceTheJumpAreNoEvidence) {
  const tests::TemporaryDirectory directory;
  Location location;
  location.index = directory.path() / "index";
  base::FileSystem& files = base::real_file_system();
  base::make_directories(files, location.index);
  const sys_seconds end = kNow + days(365) + 3h;
  begin_doubt(location, files, sighting_at(end, days(365)), sighting_at(kNow));
  EXPECT_NE(doubt_about_clock(location, files, sighting_at(end + 1min, days(365)),
                              {.backup = end - 2h}, ClockDoubt::kJudge, "prune"),
            "");
}

TEST(ClockGuardTest, AllThatDeleteShareOneMemory) {
  const tests::TemporaryDirectory directory;
  Location location;
  location.index = directory.path() / "index";
  const auto doubt = [&](sys_seconds now, ClockDoubt how = ClockDoubt::kJudge) {
    return doubt_about_clock(location, base::real_file_system(), sighting_at(now), {.backup = kNow},
                             how, "prune");
  };
  const sys_seconds jumped = kNow + days(10);
  EXPECT_NE(doubt(jumped, ClockDoubt::kJudgeOnly), "");
  EXPECT_NE(doubt(jumped + 1h), "") << "the look before was not remembered";
  EXPECT_EQ(doubt(jumped + 2h), "");
  EXPECT_NE(doubt(jumped + days(10)), "");
  EXPECT_EQ(doubt(jumped + days(10), ClockDoubt::kOverrule), "");
  EXPECT_EQ(doubt(jumped + days(10) + 1h), "");
}

// The clock may have been right meanwhile, without a record of it, before it jumped again.
TEST(ClockGuardTest, ADoubtDoesNotEndWithoutARecordOfIt) {
  tests::SimulatedFileSystem files;
  Location location;
  location.index = "/index";
  const auto judge = [&](sys_seconds now, ClockDoubt how = ClockDoubt::kJudge) {
    return judge_for_deletion(location, files, sighting_at(now), {.backup = kNow}, how, "prune");
  };
  files.fail_for_good_from(1, tests::Fault::kNoSpace);
  const JudgedClock right = judge(kNow + 1h);
  EXPECT_EQ(right.doubt, "") << "there was no doubt before";
  EXPECT_NE(right.not_remembered, "");
  files.stop_failing();

  const sys_seconds jumped = kNow + days(10);
  const JudgedClock begun = judge(jumped);
  EXPECT_NE(begun.doubt, "");
  EXPECT_EQ(begun.not_remembered, "");
  files.fail_for_good_from(files.operations() + 1, tests::Fault::kNoSpace);
  const JudgedClock later = judge(jumped + 2h);
  EXPECT_THAT(later.doubt, testing::HasSubstr("is in doubt, and /index/sweeper.json can't be "));
  EXPECT_THAT(later.doubt, testing::HasSubstr("`prune --now`"));
  EXPECT_NE(later.not_remembered, "");
  EXPECT_EQ(judge(jumped + 2h, ClockDoubt::kOverrule).doubt, "");
  files.stop_failing();
  EXPECT_EQ(judge(jumped + 2h).doubt, "");
}

// Each run would begin it again: to wait does not help.
TEST(ClockGuardTest, ANewDoubtThatCannotBeRecordedNamesTheDisk) {
  tests::SimulatedFileSystem files;
  Location location;
  location.index = "/index";
  const sys_seconds jumped = kNow + days(10);
  const auto doubt = [&](std::chrono::hours later, ClockDoubt how = ClockDoubt::kJudge) {
    return judge_for_deletion(location, files, sighting_at(jumped + later), {.backup = kNow}, how,
                              "prune")
        .doubt;
  };
  files.make_directory(location.index);
  files.fail_for_good_from(files.operations() + 1, tests::Fault::kNoSpace);
  const std::string begun = doubt(0h);
  EXPECT_THAT(begun, testing::HasSubstr("/index/sweeper.json can't be written"));
  EXPECT_THAT(begun, testing::HasSubstr("/index/sweeper.json: No space left on device: mend that"));
  EXPECT_THAT(begun, testing::HasSubstr("`prune --now`"));
  EXPECT_THAT(begun, testing::Not(testing::HasSubstr("in an hour")));
  EXPECT_EQ(doubt(1h), begun) << "hourly sweeps send one mail a day";
  EXPECT_EQ(doubt(1h, ClockDoubt::kOverrule), "");
  files.fail_for_good_from(files.operations() + 1, tests::Fault::kIo);
  EXPECT_THAT(doubt(1h), testing::HasSubstr("/index/sweeper.json: Input/output error: mend that"))
      << "room would not help";
  files.stop_failing();
  EXPECT_THAT(doubt(2h), testing::HasSubstr("in an hour"));
  EXPECT_EQ(doubt(3h), "");
}

TEST(ClockGuardTest, TheMemoryRoundTripsAndRubbishCountsAsEmpty) {
  const tests::TemporaryDirectory directory;
  const base::Path file = directory.path() / "sweeper.json";
  base::FileSystem& files = base::real_file_system();
  EXPECT_EQ(load_clock_memory(files, file), ClockMemory());
  const ClockMemory memory{kNow, sighting_at(kNow + 1h), std::nullopt, kNow + 2h,
                           sighting_at(kNow, 5s, "two")};
  save_clock_memory(files, file, memory);
  EXPECT_EQ(load_clock_memory(files, file), memory);
  std::ofstream(file) << R"({"last":null,"doubted":5,"overruled":null})";
  EXPECT_EQ(load_clock_memory(files, file).doubted,
            (base::ClockSighting{.time = sys_seconds(5s), .since_start = {}, .start = ""}))
      << "an earlier version wrote it";
  for (const char* rubbish : {"", "[]", "{\"last\":\"x\"}", "\xff"}) {
    std::ofstream(file) << rubbish;
    EXPECT_EQ(load_clock_memory(files, file), ClockMemory());
  }
}

}  // namespace
}  // namespace store
