// The memory of the desk, on a clock that the test moves.
#include "restore/desk/ledger.h"

#include <gmock/gmock.h>

#include "store/format/location.h"
#include "store/writer.h"
#include "tests/standing_clock.h"
#include "tests/temporary_directory.h"

namespace desk {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    clock_.sleep_for(std::chrono::days(20'000));
    store::init(location_, base::real_file_system(), clock_);
    open();
  }

  void open() {
    ledger_.reset();
    ledger_.emplace(store::SealedRecords::open(location_, base::real_file_system()), clock_);
  }

  Plan plan_of(const std::string& id, const std::string& person = "alice") const {
    return {.id = id,
            .account = "alice",
            .person = person,
            .selection = "{}",
            .messages = 3,
            .bytes = 30,
            .made = clock_.now_seconds()};
  }
  Job job_of(const std::string& id, const std::string& key) const {
    return {.id = id,
            .account = "alice",
            .person = "alice",
            .role = "owner",
            .client = "192.0.2.7",
            .key = key,
            .selection = R"({"all":true})",
            .sequence = 9,
            .since = -1,
            .has_reach = true,
            .made = clock_.now_seconds()};
  }

  tests::TemporaryDirectory temporary_;
  const store::Location location_{temporary_.path() / "store", temporary_.path() / "index",
                                  temporary_.path() / "key"};
  tests::StandingClock clock_;
  std::optional<Ledger> ledger_;
};

TEST_F(LedgerTest, APlanLastsTenMinutesAlsoBeyondARestart) {
  ledger_->add_plan(plan_of("p"));
  clock_.sleep_for(minutes(10));
  open();
  ASSERT_TRUE(ledger_->plan("p"));
  EXPECT_EQ(ledger_->plan("p")->bytes, 30U);
  clock_.sleep_for(seconds(1));
  EXPECT_FALSE(ledger_->plan("p"));
  EXPECT_FALSE(ledger_->plan("q"));
}

TEST_F(LedgerTest, APersonHasFewPlansAtATime) {
  ledger_->add_plan(plan_of("of carol", "carol"));
  for (int at = 0; at < 7; ++at) {
    ledger_->add_plan(plan_of(std::to_string(at)));
    clock_.sleep_for(seconds(1));
  }
  EXPECT_FALSE(ledger_->plan("0"));
  EXPECT_FALSE(ledger_->plan("1"));
  for (int at = 2; at < 7; ++at) EXPECT_TRUE(ledger_->plan(std::to_string(at))) << at;
  EXPECT_TRUE(ledger_->plan("of carol"));
}

TEST_F(LedgerTest, AJobIsFoundByItsKeyAlsoBeyondARestart) {
  ledger_->add_job(job_of("j", "key"));
  ledger_->change_job("j", [](Job& job) {
    job.state = JobState::kDone;
    job.exit_status = 3;
    job.tree = "RESTORED/x";
    job.report = "{}";
  });
  open();
  const auto job = ledger_->job_with_key("alice", "alice", "key");
  ASSERT_TRUE(job);
  EXPECT_EQ(job->id, "j");
  EXPECT_EQ(job->state, JobState::kDone);
  EXPECT_EQ(job->exit_status, 3);
  EXPECT_EQ(job->tree, "RESTORED/x");
  EXPECT_EQ(job->since, -1);
  EXPECT_FALSE(ledger_->job_with_key("bob", "alice", "key"));
  EXPECT_FALSE(ledger_->job_with_key("alice", "carol", "key"));
  EXPECT_FALSE(ledger_->job_with_key("alice", "alice", "kex"));
}

TEST_F(LedgerTest, OldThingsAreForgottenAndRunningJobsNever) {
  ledger_->add_plan(plan_of("p"));
  ledger_->add_job(job_of("running", "a"));
  ledger_->add_job(job_of("done", "b"));
  ledger_->change_job("done", [](Job& job) { job.state = JobState::kDone; });
  ledger_->forget_old();
  EXPECT_TRUE(ledger_->plan("p"));
  EXPECT_TRUE(ledger_->job("done"));
  clock_.sleep_for(Ledger::kJobsKept + seconds(1));
  ledger_->forget_old();
  EXPECT_FALSE(ledger_->job("done"));
  EXPECT_TRUE(ledger_->job("running"));
  EXPECT_EQ(ledger_->running_jobs().size(), 1U);
}

TEST_F(LedgerTest, ADaysCountsBeginAgainAtMidnightAndNotWithARestart) {
  const auto restore_once = [&] {
    return ledger_->change_usage("alice", [](Usage& usage) {
      if (usage.restores == 2) return false;
      ++usage.restores;
      return true;
    });
  };
  clock_.sleep_for(std::chrono::hours(23));
  EXPECT_TRUE(restore_once());
  open();
  EXPECT_TRUE(restore_once());
  EXPECT_FALSE(restore_once());
  EXPECT_EQ(ledger_->usage("alice").restores, 2U);
  EXPECT_EQ(ledger_->usage("bob").restores, 0U);
  clock_.sleep_for(std::chrono::hours(1));
  EXPECT_EQ(ledger_->usage("alice").restores, 0U);
  EXPECT_TRUE(restore_once());
}

TEST_F(LedgerTest, ExtensionsOfATreeAreCountedForAsLongAsItMayLive) {
  ledger_->add_extension("alice", "RESTORED/x");
  clock_.sleep_for(std::chrono::days(90));
  ledger_->forget_old();
  open();
  ledger_->add_extension("alice", "RESTORED/x");
  EXPECT_EQ(ledger_->extensions("alice", "RESTORED/x"), 2U);
  EXPECT_EQ(ledger_->extensions("bob", "RESTORED/x"), 0U);
  EXPECT_EQ(ledger_->extensions("alice", "RESTORED/y"), 0U);
}

}  // namespace
}  // namespace desk
