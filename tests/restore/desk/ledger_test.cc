// The memory of the desk, on a clock that the test moves.
#include "restore/desk/ledger.h"

#include <limits>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "store/format/location.h"
#include "store/writer.h"
#include "tests/standing_clock.h"
#include "tests/temporary_directory.h"

namespace desk {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::chrono::sys_seconds kAlways{};

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

  Grant request_of(const std::string& person, const std::string& id) const {
    return {.id = id,
            .account = "alice",
            .person = person,
            .reason = "ticket 17",
            .made = clock_.now_seconds(),
            .ends = clock_.now_seconds() + std::chrono::hours(24)};
  }
  Grant code_of(const std::string& account, const std::string& id) const {
    return {.id = id,
            .account = account,
            .person = {},
            .code_hash = "hash of " + id,
            .approved_by = account,
            .made = clock_.now_seconds(),
            .ends = clock_.now_seconds() + std::chrono::hours(1)};
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
    job.command = "mailstow-restore run --all alice";
    job.report = "{}";
  });
  open();
  const auto job = ledger_->job_with_key("alice", "alice", "key", kAlways);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->id, "j");
  EXPECT_EQ(job->state, JobState::kDone);
  EXPECT_EQ(job->exit_status, 3);
  EXPECT_EQ(job->tree, "RESTORED/x");
  EXPECT_EQ(job->command, "mailstow-restore run --all alice");
  EXPECT_EQ(job->since, -1);
  EXPECT_FALSE(ledger_->job_with_key("bob", "alice", "key", kAlways));
  EXPECT_FALSE(ledger_->job_with_key("alice", "carol", "key", kAlways));
  EXPECT_FALSE(ledger_->job_with_key("alice", "alice", "kex", kAlways));
  EXPECT_TRUE(ledger_->job_with_key("alice", "alice", "key", job->made));
  EXPECT_FALSE(ledger_->job_with_key("alice", "alice", "key", job->made + seconds(1)));
}

TEST_F(LedgerTest, AJobKeepsItsSelectionOnlyWhileAnAttemptNeedsIt) {
  const auto selection_of = [&](JobState state, const std::string& tree) {
    Job job = job_of("j", "key");
    job.state = state;
    job.tree = tree;
    ledger_->add_job(job);
    const Job kept = ledger_->job("j").value();
    EXPECT_TRUE(is_selection_of(kept, job.selection));
    EXPECT_FALSE(is_selection_of(kept, R"({"all":false})"));
    return kept.selection;
  };
  const std::string whole = R"({"all":true})";
  EXPECT_EQ(selection_of(JobState::kRunning, ""), whole);
  EXPECT_EQ(selection_of(JobState::kInterrupted, ""), whole);
  EXPECT_EQ(selection_of(JobState::kInterrupted, "RESTORED/x"), "") << "the tree knows it";
  EXPECT_EQ(selection_of(JobState::kDone, ""), "");
  EXPECT_EQ(selection_of(JobState::kFailed, ""), "");
  // A job as it was read, without its selection, is written again.
  ledger_->change_job("j", [](Job& job) { job.error = "io"; });
  open();
  EXPECT_TRUE(is_selection_of(ledger_->job("j").value(), whole));
}

TEST_F(LedgerTest, AJobOfAnEarlierVersionIsRecognisedByItsSelection) {
  ledger_.reset();
  {
    const json old = {{"account", "alice"},
                      {"person", "alice"},
                      {"role", "owner"},
                      {"client", "192.0.2.7"},
                      {"key", "key"},
                      {"selection", "{}"},
                      {"bytes", 1},
                      {"sequence", 9},
                      {"since", 1},
                      {"has_reach", true},
                      {"stay", 0},
                      {"state", 1},
                      {"tree", "RESTORED/x"},
                      {"exit_status", 0},
                      {"error", ""},
                      {"report", "{}"},
                      {"made", 2},
                      {"ended", 3}};
    auto records = store::SealedRecords::open(location_, base::real_file_system());
    records.put("job", "j", old.dump());
  }
  open();
  const Job job = ledger_->job("j").value();
  EXPECT_TRUE(is_selection_of(job, "{}"));
  EXPECT_FALSE(is_selection_of(job, R"({"all":true})"));
}

TEST_F(LedgerTest, AGrantThatChangedMeanwhileIsNotReplaced) {
  const Grant asked = request_of("carol", "g");
  ASSERT_TRUE(ledger_->add_grant(asked));
  Grant approved = asked;
  approved.state = GrantState::kGiven;
  Grant revoked = asked;
  revoked.state = GrantState::kOver;
  EXPECT_TRUE(ledger_->replace_grant(asked, revoked));
  EXPECT_FALSE(ledger_->replace_grant(asked, approved)) << "what was seen is gone";
  EXPECT_EQ(ledger_->grant("g"), revoked);
  EXPECT_FALSE(ledger_->replace_grant(request_of("carol", "h"), approved));
  open();
  EXPECT_EQ(ledger_->grant("g"), revoked);
}

TEST_F(LedgerTest, APersonHasFewOpenRequestsForAGrant) {
  for (std::size_t at = 0; at < Ledger::kMaxAsked; ++at) {
    ASSERT_TRUE(ledger_->add_grant(request_of("carol", std::to_string(at))));
  }
  EXPECT_FALSE(ledger_->add_grant(request_of("carol", "one more")));
  EXPECT_TRUE(ledger_->add_grant(request_of("dave", "of dave")));
  EXPECT_TRUE(ledger_->add_grant(code_of("alice", "code"))) << "an owner's codes are not requests";
  clock_.sleep_for(std::chrono::hours(24));
  EXPECT_TRUE(ledger_->add_grant(request_of("carol", "one more"))) << "the first ones are over";
}

TEST_F(LedgerTest, AnAccountHasFewUnusedCodes) {
  ASSERT_TRUE(ledger_->add_grant(code_of("bob", "of bob")));
  for (std::size_t at = 0; at <= Ledger::kMaxCodes; ++at) {
    ASSERT_TRUE(ledger_->add_grant(code_of("alice", std::to_string(at))));
    clock_.sleep_for(seconds(1));
  }
  EXPECT_FALSE(ledger_->grant("0")) << "the oldest one";
  for (std::size_t at = 1; at <= Ledger::kMaxCodes; ++at) {
    EXPECT_TRUE(ledger_->grant(std::to_string(at)));
  }
  EXPECT_TRUE(ledger_->grant("of bob"));
  clock_.sleep_for(std::chrono::hours(1));
  ledger_->forget_old();
  EXPECT_EQ(ledger_->grants().size(), 0U) << "a code that was not used leaves nothing";
}

TEST_F(LedgerTest, GrantsAreBoundedInAll) {
  ledger_.reset();
  {
    auto records = store::SealedRecords::open(location_, base::real_file_system());
    std::vector<store::RecordChange> changes;
    for (std::size_t at = 0; at < Ledger::kMaxGrants; ++at) {
      // One of them is over.
      const std::int64_t ends = at == 7 ? 1 : std::numeric_limits<std::int32_t>::max();
      const json grant = {{"account", "alice"}, {"person", std::to_string(at)},
                          {"code_hash", ""},    {"reason", ""},
                          {"approved_by", ""},  {"state", 0},
                          {"made", 0},          {"ends", ends}};
      changes.push_back({"grant", std::to_string(at), grant.dump()});
    }
    records.apply(changes);
  }
  open();
  EXPECT_TRUE(ledger_->add_grant(request_of("carol", "c")));
  EXPECT_FALSE(ledger_->grant("7")) << "it made room";
  EXPECT_EQ(ledger_->grants().size(), Ledger::kMaxGrants);
  EXPECT_FALSE(ledger_->add_grant(request_of("dave", "d"))) << "all are open";
  EXPECT_FALSE(ledger_->add_grant(code_of("bob", "e")));
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
  EXPECT_EQ(ledger_->forget_old(), std::vector<std::string>{"done"});
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
