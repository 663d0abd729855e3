// The state of the backups, and jobs of the daemon, for staff.
#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <unistd.h>

#include "tests/restore/desk/staffed_desk.h"
#include "tests/servers/process.h"

namespace desk {
namespace {

class OperatingTest : public StaffedDesk {
 protected:
  json as(const std::string& person, json request) {
    request["session"] = desk_->staff_session(person);
    return desk_->ask(Door::kStaff, std::move(request));
  }
  json status_for(const std::string& person) {
    const json answer = as(person, {{"request", "status"}});
    EXPECT_EQ(outcome(answer), "ok") << answer;
    return answer.value("document", json());
  }
  static std::vector<std::string> names_in(const json& status) {
    std::vector<std::string> names;
    for (const json& account : status.at("accounts")) names.push_back(account.at("account"));
    return names;
  }
};

TEST_F(OperatingTest, EachRoleSeesTheStateOfItsAccounts) {
  const json all = status_for("operator");
  EXPECT_THAT(names_in(all), testing::UnorderedElementsAre("alice", "bob"));
  for (const char* key : {"store", "jobs", "daemon", "trees"})
    EXPECT_TRUE(all.contains(key)) << key;

  const json of_helpdesk = status_for("helper");
  EXPECT_THAT(names_in(of_helpdesk), testing::ElementsAre("alice"));
  EXPECT_EQ(of_helpdesk.size(), 1U) << of_helpdesk;

  const json limited = status_for("limited");
  EXPECT_THAT(names_in(limited), testing::ElementsAre("alice"));
  for (const char* key : {"store", "jobs", "daemon"}) EXPECT_FALSE(limited.contains(key)) << key;
  EXPECT_EQ(limited.dump().find("bob"), std::string::npos);
}

TEST_F(OperatingTest, WhatIsAboutAllAccountsIsForThoseWhoseRoleCoversAll) {
  for (const char* request : {"history", "daemon-jobs"}) {
    EXPECT_EQ(outcome(as("limited", {{"request", request}})), "forbidden") << request;
  }
  EXPECT_EQ(as("limited", {{"request", "me"}})["all_accounts"], false);
  EXPECT_EQ(as("operator", {{"request", "me"}})["all_accounts"], true);
  const json history = as("operator", {{"request", "history"}, {"days", 400}})["document"];
  ASSERT_FALSE(history["days"].empty()) << history;
  EXPECT_EQ(history["days"][0]["accounts"], 2);
  EXPECT_EQ(history.dump().find("alice"), std::string::npos);
  EXPECT_EQ(as("operator", {{"request", "history"}, {"days", 400}})["command"],
            "mailstow-backupd status --history --by-day --limit 400");
  json answer = as("officer", {{"request", "daemon-jobs"}});
  EXPECT_EQ(answer["command"], "mailstow-backupd status");
  json jobs = answer["document"];
  EXPECT_EQ(jobs["commands"].size(), 7U);
  EXPECT_EQ(jobs["commands"]["sweep"], "mailstow-backupd run --now sweep");
  jobs.erase("commands");
  EXPECT_EQ(jobs,
            (json{{"jobs", json::array()}, {"daemon", nullptr}, {"restores", json::array()}}));
}

TEST_F(OperatingTest, AnAlarmHasTheLineThatDealsWithIt) {
  mailstow_.config()["guards"]["stale_after"] = "0s";
  mailstow_.save();
  const json status = status_for("helper");
  const json stale = programs::find_by(status["accounts"][0]["alarms"], "kind", "stale");
  ASSERT_FALSE(stale.is_null()) << status;
  EXPECT_EQ(stale["command"], "mailstow-backupd once --account=alice");
  EXPECT_EQ(as("helper", {{"request", "status"}})["command"], "mailstow-backupd status");
}

TEST_F(OperatingTest, ARunningRestoreIsAmongTheJobs) {
  desk_->desk().ledger().add_job({.id = std::string(32, '1'),
                                  .account = "alice",
                                  .person = "helper",
                                  .role = "helpdesk",
                                  .client = "192.0.2.7",
                                  .key = "0123456789abcdef",
                                  .selection = R"({"all":true})",
                                  .made = clock_.now_seconds()});
  const json restores =
      as("operator", {{"request", "daemon-jobs"}})["document"].value("restores", json());
  ASSERT_EQ(restores.size(), 1U);
  EXPECT_EQ(restores[0]["account"], "alice");
  EXPECT_EQ(restores[0]["by"]["person"], "helper");
  EXPECT_FALSE(restores[0].contains("selection"));
}

TEST_F(OperatingTest, AnOperatorHasTheDaemonStartAJob) {
  for (const char* job : {"backup", "prune", "check", "sweep", "drill"}) {
    mailstow_.config()["schedule"][job] = "never";
  }
  mailstow_.config()["web"]["staff"]["people"].push_back(
      {{"person", "shift"}, {"role", "operator"}, {"accounts", {"alice"}}});
  mailstow_.save();
  desk_.emplace(mailstow_, clock_);
  const json run_check = {{"request", "run-job"}, {"name", "check"}};
  EXPECT_EQ(as("operator", run_check)["started"], false) << "no daemon runs";
  const servers::Process daemon(mailstow_.backupd_command({"run"}), {"PATH=/usr/bin:/bin"},
                                {::getuid(), ::getgid()}, mailstow_.directory() / "log");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (status_for("operator")["daemon"].is_null()) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "the daemon does not start";
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(outcome(as("shift", run_check)), "forbidden") << "a job is about all accounts";
  EXPECT_EQ(as("operator", run_check)["started"], true);
  EXPECT_EQ(outcome(as("operator", {{"request", "run-job"}, {"name", "--now"}})), "usage");
}

}  // namespace
}  // namespace desk
