// SIGKILL of the web server, of the desk, and of a restore itself, at each step of a restore: with
// another browser the person finds it once, and whole.
#include <array>
#include <csignal>
#include <map>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "tests/long_run.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/web/page_programs.h"

namespace web {
namespace {

enum class Step {
  kPlanned,   // the person looks at the plan
  kAccepted,  // the answer to the restore was sent
  kRunning,   // some messages are back
  kDone,
};

enum class Victims { kWeb, kDesk, kBoth, kAll };  // kAll: the restore, too

struct Kill {
  Step step;
  Victims victims;
  const char* name;
};

constexpr std::array kKills = {
    Kill{Step::kPlanned, Victims::kBoth, "both, planned"},
    Kill{Step::kAccepted, Victims::kDesk, "desk, accepted"},
    Kill{Step::kRunning, Victims::kAll, "all, running"},
    Kill{Step::kDone, Victims::kBoth, "both, done"},
    // The rest in a long run.
    Kill{Step::kPlanned, Victims::kWeb, "web, planned"},
    Kill{Step::kPlanned, Victims::kDesk, "desk, planned"},
    Kill{Step::kAccepted, Victims::kWeb, "web, accepted"},
    Kill{Step::kAccepted, Victims::kBoth, "both, accepted"},
    Kill{Step::kAccepted, Victims::kAll, "all, accepted"},
    Kill{Step::kRunning, Victims::kWeb, "web, running"},
    Kill{Step::kRunning, Victims::kDesk, "desk, running"},
    Kill{Step::kRunning, Victims::kBoth, "both, running"},
    Kill{Step::kDone, Victims::kWeb, "web, done"},
    Kill{Step::kDone, Victims::kDesk, "desk, done"},
};
constexpr std::size_t kOfShortRun = 4;
constexpr int kRoundsOfLongRun = 5;

class PageKillTest : public testing::Test {
 protected:
  PageKillTest() {
    mailstow_.make_store();
    servers::fill_account(server_, "alice", 150);
    mailstow_.backupd_json({"once"});
    before_ = state().folders;
    page_.start();
  }

  servers::AccountState state() const { return servers::account_state(server_, "alice"); }

  void kill_and_start_again(Victims victims) {
    const bool has_desk = victims != Victims::kWeb;
    const bool has_web = victims != Victims::kDesk;
    const auto restores = page_.desk().children("mailstow-restor");  // as the kernel cuts the name
    // The desk first: it must not see how its restore ended.
    if (has_desk) page_.desk().kill();
    if (victims == Victims::kAll) {
      for (const pid_t restore : restores) ::kill(restore, SIGKILL);
    }
    if (has_web) page_.users().kill();
    if (has_desk) page_.desk().start();
    if (has_web) page_.users().start();
  }

  static WebAnswer restore(WebClient& client, const json& plan, const std::string& key) {
    return client.change("POST", of_account("alice", "/restores"), {{"plan", plan}},
                         "Idempotency-Key: " + key + "\r\n");
  }

  // Those that no earlier round made, with a new login.
  std::vector<std::string> new_jobs(WebClient& client) const {
    std::vector<std::string> ids;
    const json jobs = client.get(of_account("alice", "/jobs")).document()["jobs"];
    for (const json& job : jobs) {
      if (!known_.contains(job["job"])) ids.push_back(job["job"]);
    }
    return ids;
  }

  // At the end, or when `is_enough`.
  template <typename Predicate>
  static json watch(WebClient& client, const std::string& job, Predicate is_enough) {
    for (;;) {
      const WebAnswer answer = client.get(of_account("alice", "/jobs/" + job));
      EXPECT_EQ(answer.status, 200) << answer.body;
      json document = answer.document();
      if (answer.status != 200 || document["state"] != "running" || is_enough(document)) {
        return document;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  static json wait_for(WebClient& client, const std::string& job) {
    return watch(client, job, [](const json&) { return false; });
  }

  // Until it is done, as a person who presses the button does.
  static json complete(WebClient& client, const std::string& job) {
    json shown = wait_for(client, job);
    while (shown.value("state", "") == "interrupted") {
      EXPECT_EQ(shown["can_continue"], true) << shown;
      const WebAnswer answer =
          client.change("POST", of_account("alice", "/jobs/" + job + "/continue"));
      EXPECT_EQ(answer.status, 202) << answer.body;
      if (answer.status != 202) return shown;
      shown = wait_for(client, job);
    }
    return shown;
  }

  void reach(Step step, WebClient& client, const json& plan, const std::string& key) {
    if (step == Step::kPlanned) return;
    const WebAnswer started = restore(client, plan, key);
    ASSERT_EQ(started.status, 202) << started.body;
    const std::string job = started.document()["job"];
    if (step == Step::kRunning) {
      watch(client, job, [](const json& shown) {
        return shown["progress"].is_object() && shown["progress"].value("messages", 0) > 0;
      });
    }
    if (step != Step::kDone) return;
    EXPECT_EQ(wait_for(client, job)["state"], "done");
  }

  // All mail is back, once, and nothing else has changed.
  void expect_one_restore(const std::string& tree) {
    const auto now = state();
    EXPECT_EQ(now.not_below("RESTORED", '/'), before_);
    std::multiset<std::string> expected;
    for (const auto& message : before_.at("INBOX").messages) expected.insert(message.sha256);
    std::multiset<std::string> found;
    for (const auto& [name, folder] : now.folders) {
      if (!name.starts_with("RESTORED/")) continue;
      EXPECT_TRUE(name == tree || name == tree + "/INBOX") << name;
      for (const auto& message : folder.messages) found.insert(message.sha256);
    }
    EXPECT_EQ(found, expected);
  }

  void kill_at(const Kill& kill, const std::string& key) {
    WebClient first = page_.owner("alice");
    const WebAnswer planned = first.change("POST", of_account("alice", "/plans"),
                                           {{"selection", {{"folders", {"INBOX"}}}}});
    ASSERT_EQ(planned.status, 200) << planned.body;
    const json plan = planned.document()["plan"];
    reach(kill.step, first, plan, key);
    if (HasFatalFailure()) return;
    kill_and_start_again(kill.victims);

    WebClient other = page_.owner("alice");
    if (kill.step == Step::kPlanned) {
      EXPECT_THAT(new_jobs(other), testing::IsEmpty()) << "nothing was started";
      ASSERT_EQ(restore(other, plan, key).status, 202) << "the plan is still good";
    }
    const std::vector<std::string> jobs = new_jobs(other);
    ASSERT_EQ(jobs.size(), 1U);
    known_.insert(jobs[0]);
    const json done = complete(other, jobs[0]);
    ASSERT_EQ(done["state"], "done") << done;
    const WebAnswer again = restore(other, plan, key);
    EXPECT_EQ(again.document()["job"], jobs[0]) << "the first browser sends it again";
    EXPECT_EQ(again.document()["tree"], done["tree"]);
    const json trees = other.get(of_account("alice", "/trees")).document()["trees"];
    ASSERT_EQ(trees.size(), 1U) << trees;
    EXPECT_EQ(trees[0]["tree"], done["tree"]);
    expect_one_restore(done["tree"]);

    EXPECT_EQ(
        other.change("POST", of_account("alice", "/trees/expire"), {{"tree", done["tree"]}}).status,
        200);
    mailstow_.restore_json({"sweep"});
    EXPECT_EQ(state().folders, before_);
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  PagePrograms page_{mailstow_, {{"bounds", {{"restores_per_day", 1'000}, {"trees", 1}}}}};
  std::map<std::string, servers::FolderState> before_;
  std::set<std::string> known_;  // jobs
};

TEST_F(PageKillTest, ARestoreIsFoundOnceAndWholeWhateverIsKilled) {
  const bool is_long = tests::is_long_run();
  const std::size_t count = is_long ? kKills.size() : kOfShortRun;
  const int rounds = is_long ? kRoundsOfLongRun : 1;
  int number = 0;
  for (int round = 0; round < rounds; ++round) {
    for (const Kill& kill : std::span(kKills).first(count)) {
      SCOPED_TRACE(kill.name);
      kill_at(kill, "key-of-the-restore-" + std::to_string(++number));
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
}  // namespace web
