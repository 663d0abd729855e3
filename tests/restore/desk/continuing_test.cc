// Interrupted restores: who sees and continues them.
#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "restore/desk/children.h"
#include "restore/desk/jobs.h"
#include "tests/forwarding_file_system.h"
#include "tests/restore/desk/staffed_desk.h"

namespace desk {
namespace {

class WatchedRemovals : public tests::ForwardingFileSystem {
 public:
  explicit WatchedRemovals(std::function<void()> before) : before_(std::move(before)) {}

  bool remove(const base::Path& path) override {
    before_();
    return ForwardingFileSystem::remove(path);
  }

 private:
  std::function<void()> before_;
};

class ContinuingTest : public StaffedDesk {
 protected:
  // No mail server runs: a restore that is continued is interrupted again.
  Job interrupted(char digit, const std::string& person, Role role) {
    const Job job{.id = std::string(32, digit),
                  .account = "alice",
                  .person = person,
                  .role = std::string(word_of(role)),
                  .client = "192.0.2.7",
                  .key = std::string("key-000000000000000") + digit,
                  .selection = R"({"query":"a secret"})",
                  .state = JobState::kInterrupted,
                  .command = "mailstow-restore run --query='a secret' alice",
                  .made = clock_.now_seconds()};
    desk_->desk().ledger().add_job(job);
    return job;
  }

  json as_owner(const std::string& account, json request) {
    request["session"] = desk_->owner_session(account);
    return desk_->ask(Door::kSelf, std::move(request));
  }
  json as_staff(const std::string& person, json request) {
    request["session"] = desk_->staff_session(person);
    request["account"] = "alice";
    return desk_->ask(Door::kStaff, std::move(request));
  }
  static json continuing(const Job& job) { return {{"request", "continue"}, {"job", job.id}}; }
};

TEST_F(ContinuingTest, AnySessionOfTheOwnerContinuesIt) {
  const Job job = interrupted('1', "alice", Role::kOwner);
  const json listed = as_owner("alice", {{"request", "jobs"}})["jobs"];
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0]["can_continue"], true);
  EXPECT_EQ(listed[0]["command"], job.command);
  const json answer = as_owner("alice", continuing(job));
  EXPECT_EQ(outcome(answer), "ok") << answer;
  EXPECT_EQ(answer["job"]["job"], job.id);
  EXPECT_EQ(desk_->desk().ledger().jobs("alice").size(), 1U) << "no further restore";
}

TEST_F(ContinuingTest, AnOwnerWhoLoggedInWithTheOtherNameIsTheSamePerson) {
  const Job job = interrupted('1', "alice@example.org", Role::kOwner);
  EXPECT_EQ(outcome(as_owner("alice", continuing(job))), "ok");
}

TEST_F(ContinuingTest, OtherAccountsJobsAndInventedOnesAnswerAlike) {
  const Job job = interrupted('1', "alice", Role::kOwner);
  const json invented = {{"request", "continue"}, {"job", std::string(32, '9')}};
  const std::string unknown = as_owner("bob", invented).dump();
  EXPECT_EQ(outcome(json::parse(unknown)), "not_found");
  EXPECT_EQ(as_owner("bob", continuing(job)).dump(), unknown);
}

TEST_F(ContinuingTest, APersonContinuesOnlyTheOwnRestores) {
  const Job owners = interrupted('1', "alice", Role::kOwner);
  const Job helpers = interrupted('2', "helper", Role::kHelpdesk);
  EXPECT_EQ(outcome(as_staff("helper", continuing(owners))), "forbidden");
  EXPECT_EQ(outcome(as_staff("trusted", continuing(helpers))), "forbidden");
  EXPECT_EQ(outcome(as_owner("alice", continuing(helpers))), "forbidden");
  EXPECT_EQ(outcome(as_staff("helper", continuing(helpers))), "ok");
}

TEST_F(ContinuingTest, WhatTheOwnerSelectedIsNotForStaffWithoutAGrant) {
  const Job job = interrupted('1', "alice", Role::kOwner);
  const json look = {{"request", "job"}, {"job", job.id}};
  EXPECT_EQ(as_staff("helper", look).dump().find("secret"), std::string::npos);
  grant("helper");
  EXPECT_EQ(as_staff("helper", look)["job"]["command"], job.command);
}

TEST_F(ContinuingTest, ARestoreThatIsOverStaysAsItIs) {
  const Job job = interrupted('1', "alice", Role::kOwner);
  desk_->desk().ledger().change_job(job.id, [](Job& kept) { kept.state = JobState::kDone; });
  const json answer = as_owner("alice", continuing(job));
  EXPECT_EQ(answer["job"]["state"], "done") << answer;
  EXPECT_EQ(answer["job"]["can_continue"], false);
}

TEST_F(ContinuingTest, ItNeedsTheLoginThatARestoreNeeds) {
  const Job job = interrupted('1', "alice", Role::kOwner);
  const std::string session = desk_->owner_session("alice");
  clock_.sleep_for(std::chrono::minutes(16));
  json request = continuing(job);
  request["session"] = session;
  EXPECT_EQ(outcome(desk_->ask(Door::kSelf, request)), "confirm");
}

TEST_F(ContinuingTest, AnAttemptLosesItsReportOnlyBeforeTheNextOneMayBegin) {
  const Job job = interrupted('1', "alice", Role::kOwner);
  Ledger& ledger = desk_->desk().ledger();
  ledger.change_job(job.id, [](Job& kept) { kept.state = JobState::kRunning; });
  std::vector<JobState> at_removals;
  WatchedRemovals files([&] { at_removals.push_back(ledger.job(job.id)->state); });
  Children children(mailstow_.config_file());
  Jobs jobs(ledger, children, files, clock_, mailstow_.directory() / "jobs");
  jobs.find_again();  // of a desk that died while it ran
  EXPECT_EQ(ledger.job(job.id)->state, JobState::kInterrupted);
  EXPECT_THAT(at_removals, testing::ElementsAre(JobState::kRunning));
}

}  // namespace
}  // namespace desk
