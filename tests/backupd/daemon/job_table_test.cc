// The daemon's jobs through a year, in no time: the test controls the clock.
#include "backupd/daemon/job_table.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "tests/servers/mail_generator.h"

namespace backupd {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_seconds;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr int kBusy = 5;

sys_seconds moment(const char* text) {
  return base::parse_time(text, "UTC");
}

base::ScheduleConfig oslo() {
  base::ScheduleConfig config;
  config.time_zone = "Europe/Oslo";
  return config;
}

// A daemon without processes, whose jobs take as long as the test specifies.
class ClockedDaemon {
 public:
  ClockedDaemon(const base::ScheduleConfig& config, const char* now)
      : config_(config), now_(moment(now)), table_(JobPlan(config, 0.5), {}, now_) {}

  void takes(Job job, seconds duration) { durations_[job] = duration; }

  // Runs until `end`; jobs running at that time continue.
  void run_until(const char* end) { run_until(moment(end)); }
  void run_until(sys_seconds end) {
    for (;;) {
      while (const auto job = table_.due(now_)) start(*job);
      const auto next = std::min(next_end(), table_.next_due(now_).value_or(sys_seconds::max()));
      if (next > end) break;
      now_ = std::max(now_, next);
      end_jobs();
    }
    now_ = end;
  }

  // The machine is off; jobs are not asked to stop.
  void is_off_until(const char* end) {
    const JobStarts kept = table_.starts();
    under_way_.clear();
    now_ = moment(end);
    table_ = JobTable(JobPlan(config_, 0.5), kept, now_);
  }

  // Jobs that are running end at the time at which they would have.
  void set_clock(const char* now) {
    now_ = moment(now);
    table_.see_time(now_);
  }

  JobTable& table() { return table_; }
  sys_seconds now() const { return now_; }
  const std::vector<sys_seconds>& starts(Job job) { return starts_[job]; }
  bool have_writers_met() const { return have_writers_met_; }

 private:
  void start(Job job) {
    table_.started(job, now_);
    starts_[job].push_back(now_);
    under_way_[job] = now_ + durations_[job];
    have_writers_met_ |= under_way_.contains(Job::kBackup) && under_way_.contains(Job::kPrune);
  }

  sys_seconds next_end() const {
    sys_seconds first = sys_seconds::max();
    for (const auto& [job, end] : under_way_) first = std::min(first, end);
    return first;
  }

  void end_jobs() {
    std::erase_if(under_way_, [&](const auto& entry) {
      if (entry.second > now_) return false;
      EXPECT_TRUE(table_.ended(entry.first, {}, now_));
      return true;
    });
  }

  base::ScheduleConfig config_;
  sys_seconds now_;
  JobTable table_;
  std::map<Job, seconds> durations_;
  std::map<Job, sys_seconds> under_way_;  // until when
  std::map<Job, std::vector<sys_seconds>> starts_;
  bool have_writers_met_ = false;
};

TEST(JobTableTest, DoesAllTheWorkOfAYear) {
  ClockedDaemon machine(oslo(), "2026-01-01");
  servers::Random random(3);
  const auto end = moment("2027-01-01");
  while (machine.now() < end) {
    // Nights differ; on some the backup is still running when the prune is due.
    machine.takes(Job::kBackup, minutes(20 + random.below(180)));
    machine.takes(Job::kPrune, minutes(30 + random.below(60)));
    machine.takes(Job::kCheck, minutes(30));
    machine.takes(Job::kSweep, minutes(random.below(3)));
    machine.takes(Job::kDrill, minutes(5));
    machine.run_until(machine.now() + std::chrono::days(1));
  }
  EXPECT_EQ(machine.starts(Job::kBackup).size(), 365U);
  EXPECT_EQ(machine.starts(Job::kCheck).size(), 365U);
  EXPECT_EQ(machine.starts(Job::kPrune).size(), 52U);
  EXPECT_EQ(machine.starts(Job::kDrill).size(), 12U);
  EXPECT_EQ(machine.starts(Job::kSweep).size(), 365U * 24);
  EXPECT_FALSE(machine.have_writers_met());
  // Half past two, and half the jitter: in winter an hour behind UTC, in summer two. That night in
  // March has no half past two.
  EXPECT_EQ(machine.starts(Job::kBackup).front(), moment("2026-01-01T01:35"));
  const auto of_day = [&](const char* day) {
    for (const sys_seconds start : machine.starts(Job::kBackup)) {
      if (start >= moment(day)) return base::format_rfc3339(start);
    }
    return std::string();
  };
  EXPECT_EQ(of_day("2026-03-29"), "2026-03-29T01:05:00Z");
  EXPECT_EQ(of_day("2026-07-01"), "2026-07-01T00:35:00Z");
  EXPECT_EQ(of_day("2026-10-25"), "2026-10-25T00:35:00Z");
  EXPECT_EQ(of_day("2026-10-26"), "2026-10-26T01:35:00Z");
}

TEST(JobTableTest, RepeatsAJobThatRanWhenTheMachineDied) {
  ClockedDaemon machine(oslo(), "2026-11-01");
  machine.takes(Job::kBackup, hours(4));
  machine.run_until("2026-11-02T03:00");  // in the middle of the second night's
  machine.is_off_until("2026-11-02T03:10");
  machine.run_until("2026-11-03");
  EXPECT_THAT(machine.starts(Job::kBackup),
              ElementsAre(moment("2026-11-01T01:35"), moment("2026-11-02T01:35"),
                          moment("2026-11-02T03:10")));
}

TEST(JobTableTest, AStoppedJobIsDueAgain) {
  const sys_seconds night = moment("2026-11-02T01:35");
  JobTable table(JobPlan(oslo(), 0.5), {}, moment("2026-11-01T12:00"));
  table.started(Job::kBackup, night);
  EXPECT_TRUE(table.ended(Job::kBackup, {.status = 3, .was_stopped = true}, night + hours(1)));
  EXPECT_EQ(table.starts()[Job::kBackup], moment("2026-11-01T12:00"));
  table.started(Job::kBackup, night);
  EXPECT_TRUE(table.ended(Job::kBackup, {.status = 0, .was_stopped = true}, night + hours(1)));
  EXPECT_EQ(table.starts()[Job::kBackup], night);
}

TEST(JobTableTest, TriesABusyStoreAgain) {
  const sys_seconds now = moment("2026-11-02T12:00");
  JobTable table(JobPlan(oslo(), 0.5), {}, now);
  const std::uint64_t run = table.request(Job::kBackup, {"alice"});
  ASSERT_EQ(table.due(now), Job::kBackup);
  table.started(Job::kBackup, now);
  EXPECT_FALSE(table.ended(Job::kBackup, {.status = kBusy}, now));
  EXPECT_EQ(table.due(now + seconds(14)), std::nullopt);
  ASSERT_EQ(table.due(now + seconds(15)), Job::kBackup);
  table.started(Job::kBackup, now + seconds(15));
  EXPECT_THAT(table.accounts_of(Job::kBackup), ElementsAre("alice"));
  EXPECT_TRUE(table.ended(Job::kBackup, {}, now + minutes(6)));
  EXPECT_EQ(table.describe(now)[0]["ended"], run);
}

TEST(JobTableTest, WhileTheStoreIsLentOnlyJobsThatDoNotNeedItStart) {
  const sys_seconds noon = moment("2026-11-02T12:00");
  JobTable table(JobPlan(oslo(), 0.5), {}, noon);
  const sys_seconds next_noon = noon + hours(24);
  table.set_lent(true);
  EXPECT_TRUE(table.is_store_free());
  std::vector<Job> started;
  while (const auto job = table.due(next_noon)) {
    table.started(*job, next_noon);
    started.push_back(*job);
  }
  EXPECT_THAT(started, UnorderedElementsAre(Job::kSweep, Job::kCheck));
  for (const Job job : started) table.ended(job, {}, next_noon);
  EXPECT_GT(table.next_due(next_noon), next_noon) << "no wake-up for a job that may not start";
  table.set_lent(false);
  EXPECT_EQ(table.due(next_noon), Job::kBackup);
  table.started(Job::kBackup, next_noon);
  EXPECT_FALSE(table.is_store_free());
}

TEST(JobTableTest, ABackupOfSomeAccountsDoesNotReplaceTheScheduledOne) {
  const sys_seconds now = moment("2026-11-02T01:00");
  JobTable table(JobPlan(oslo(), 0.5), {}, now);
  table.request(Job::kBackup, {"alice"});
  table.request(Job::kBackup, {"bob", "alice"});
  table.started(Job::kBackup, now);
  EXPECT_THAT(table.accounts_of(Job::kBackup), ElementsAre("alice", "bob"));
  table.request(Job::kBackup);  // waits for the current run
  EXPECT_EQ(table.due(now), std::nullopt);
  table.ended(Job::kBackup, {}, now + minutes(1));
  EXPECT_EQ(table.last_scope(Job::kBackup), BackupScope::kNamedAccounts);
  EXPECT_EQ(table.describe(now)[0]["report"], "backup-accounts");
  EXPECT_EQ(table.starts()[Job::kBackup], now);
  EXPECT_EQ(table.next_start(Job::kBackup, now + minutes(1)), now + minutes(1));
  table.started(Job::kBackup, now + minutes(1));
  EXPECT_THAT(table.accounts_of(Job::kBackup), ElementsAre());
  EXPECT_EQ(table.describe(now)[0]["report"], "backup-accounts") << "the last one that is over";
  table.ended(Job::kBackup, {}, now + minutes(2));
  EXPECT_EQ(table.describe(now)[0]["report"], "backup");
  EXPECT_EQ(table.next_start(Job::kBackup, now + minutes(2)), moment("2026-11-02T01:35"));
}

TEST(JobTableTest, AWrongClockDelaysNothingOnceItIsRight) {
  base::ScheduleConfig config;
  config.backup = "daily 02:30 UTC";
  config.jitter = seconds(0);
  config.prune = config.check = config.sweep = config.drill = "never";
  ClockedDaemon machine(config, "2026-11-01");
  machine.run_until("2026-11-02");
  machine.set_clock("2027-11-02");
  machine.run_until("2027-11-03");
  machine.set_clock("2026-11-02T00:01");
  machine.run_until("2026-11-04");
  machine.set_clock("2025-11-04");
  machine.run_until("2025-11-05");
  machine.set_clock("2026-11-04T00:01");
  machine.run_until("2026-11-05");
  EXPECT_THAT(machine.starts(Job::kBackup),
              ElementsAre(moment("2026-11-01T02:30"), moment("2027-11-02"),
                          moment("2027-11-02T02:30"), moment("2026-11-02T02:30"),
                          moment("2026-11-03T02:30"), moment("2025-11-04T02:30"),
                          moment("2026-11-04T00:01"), moment("2026-11-04T02:30")));
}

TEST(JobTableTest, ANewDaemonIsNotDelayedByStartsFromTheFuture) {
  const sys_seconds now = moment("2026-11-01T12:00");
  base::ScheduleConfig config;
  config.backup = "daily 02:30";
  config.prune = config.check = config.sweep = config.drill = "never";
  JobTable table(JobPlan(config, 0), {{Job::kBackup, now + hours(24 * 365)}}, now);
  table.see_time(now);
  EXPECT_EQ(table.due(now + hours(15)), Job::kBackup);
  EXPECT_EQ(table.starts()[Job::kBackup], now);
}

TEST(JobTableTest, AClockThatIsPutRightByASecondStartsNoJobTwice) {
  ClockedDaemon machine(oslo(), "2026-11-01");
  machine.run_until("2026-11-01T02:00");
  const std::size_t before = machine.starts(Job::kBackup).size();
  ASSERT_EQ(before, 1U) << "at half past two in Oslo, and five minutes of jitter";
  machine.set_clock("2026-11-01T01:34:58");
  machine.run_until("2026-11-01T12:00");
  EXPECT_EQ(machine.starts(Job::kBackup).size(), before);
}

TEST(JobTableTest, BackupsDoNotPostponeAPruneForever) {
  base::ScheduleConfig config;
  config.backup = "hourly";
  config.prune = "daily 02:30";
  config.check = config.sweep = config.drill = "never";
  ClockedDaemon machine(config, "2026-11-01");
  machine.takes(Job::kBackup, minutes(90));
  machine.run_until("2026-11-04");
  EXPECT_EQ(machine.starts(Job::kPrune).size(), 3U);
}

}  // namespace
}  // namespace backupd
