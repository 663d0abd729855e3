// A year of the daemon's schedule, in no time: the test controls the clock.
#include "backupd/daemon/job_plan.h"

#include <gmock/gmock.h>

#include "base/time_text.h"

namespace backupd {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::sys_seconds;

sys_seconds plan_time(const char* text) {
  return base::parse_time(text, "UTC");
}

// A schedule with only this job, and the given window.
base::ScheduleConfig schedule(Job job, const std::string& expression, const char* window = "") {
  base::ScheduleConfig config;
  (job == Job::kBackup  ? config.backup
   : job == Job::kCheck ? config.check
                        : config.sweep) = expression;
  config.window = window;
  return config;
}

// A machine that runs due jobs, and whose daemon looks at the clock every half a minute at most.
class Machine {
 public:
  explicit Machine(const base::ScheduleConfig& config, double delay = 0) : plan_(config, delay) {}

  void run(Job job, sys_seconds from, sys_seconds to) {
    sys_seconds now = from;
    sys_seconds last = last_.emplace(job, from).first->second;
    while (now < to) {
      const auto next = plan_.next_start(job, last, now);
      if (!next || *next >= to) break;
      now = *next;
      last = now;
      starts_.push_back(now);
      now += std::chrono::seconds(1);
    }
    last_[job] = last;
  }

  const std::vector<sys_seconds>& starts() const { return starts_; }

 private:
  JobPlan plan_;
  JobStarts last_;
  std::vector<sys_seconds> starts_;
};

TEST(JobPlanTest, BacksUpOnceADayForAYear) {
  Machine machine(schedule(Job::kBackup, "daily 02:30 Europe/Oslo"), 0.7);
  machine.run(Job::kBackup, plan_time("2026-01-01"), plan_time("2027-01-01"));
  ASSERT_EQ(machine.starts().size(), 365U);
  for (std::size_t i = 1; i < machine.starts().size(); ++i) {
    const auto apart = machine.starts()[i] - machine.starts()[i - 1];
    EXPECT_GE(apart, hours(23)) << base::format_rfc3339(machine.starts()[i]);
    EXPECT_LE(apart, hours(25)) << base::format_rfc3339(machine.starts()[i]);
  }
  EXPECT_EQ(machine.starts().front(), plan_time("2026-01-01T01:37"));
}

TEST(JobPlanTest, SweepsEveryHourOfAYear) {
  Machine machine(schedule(Job::kSweep, "hourly Europe/Oslo", "22:00-06:00"), 0.7);
  machine.run(Job::kSweep, plan_time("2026-01-01T00:10"), plan_time("2027-01-01"));
  ASSERT_EQ(machine.starts().size(), 365U * 24 - 1);
  for (std::size_t i = 1; i < machine.starts().size(); ++i) {
    ASSERT_EQ(machine.starts()[i] - machine.starts()[i - 1], hours(1));
  }
}

TEST(JobPlanTest, CatchesUpOnceAfterAWeekOff) {
  Machine machine(schedule(Job::kBackup, "daily 02:30"));
  machine.run(Job::kBackup, plan_time("2026-11-01"), plan_time("2026-11-02T12:00"));
  machine.run(Job::kBackup, plan_time("2026-11-09T12:00"), plan_time("2026-11-10T12:00"));
  EXPECT_EQ(machine.starts(),
            (std::vector{plan_time("2026-11-01T02:30"), plan_time("2026-11-02T02:30"),
                         plan_time("2026-11-09T12:00"), plan_time("2026-11-10T02:30")}));
}

TEST(JobPlanTest, CatchesUpInsideTheWindowOnly) {
  Machine machine(schedule(Job::kBackup, "daily 02:30", "22:00-06:00"));
  machine.run(Job::kBackup, plan_time("2026-11-01"), plan_time("2026-11-01T12:00"));
  machine.run(Job::kBackup, plan_time("2026-11-03T12:00"), plan_time("2026-11-04T12:00"));
  EXPECT_EQ(machine.starts(),
            (std::vector{plan_time("2026-11-01T02:30"), plan_time("2026-11-03T22:00"),
                         plan_time("2026-11-04T02:30")}));
}

TEST(JobPlanTest, IsNotDelayedOutOfTheWindow) {
  const JobPlan plan(schedule(Job::kBackup, "daily 05:55", "22:00-06:00"), 0.9);
  EXPECT_EQ(plan.next_start(Job::kBackup, plan_time("2026-11-24"), plan_time("2026-11-24")),
            plan_time("2026-11-24T05:55"));
}

TEST(JobPlanTest, IgnoresAStartInTheFuture) {
  const JobPlan plan(schedule(Job::kBackup, "daily 02:30"), 0);
  EXPECT_EQ(plan.next_start(Job::kBackup, plan_time("2036-01-01"), plan_time("2026-11-24")),
            plan_time("2026-11-24T02:30"));
}

TEST(JobPlanTest, NeverStartsAJobThatIsNeverDue) {
  const JobPlan plan(schedule(Job::kCheck, "never"), 0);
  EXPECT_EQ(plan.next_start(Job::kCheck, plan_time("2026-11-24"), plan_time("2026-11-24")),
            std::nullopt);
}

TEST(JobTest, IsFoundByItsName) {
  for (const Job job : kJobs) EXPECT_EQ(job_of(job_name(job)), job);
  EXPECT_EQ(job_of("backups"), std::nullopt);
}

}  // namespace
}  // namespace backupd
