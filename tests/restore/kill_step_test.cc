// SIGKILL at a chosen step of the protocol: just before a command that changes something reaches
// the server, or when it was executed but its answer has not reached the program yet; most
// important between CREATE and its record.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <map>
#include <mutex>
#include <set>

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include "tests/long_run.h"
#include "tests/programs/installation.h"
#include "tests/restore/kinds.h"
#include "tests/servers/account_state.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/relay.h"

namespace restore {
namespace {

using programs::json;

// Counts the steps of a conversation, and kills the program at one of them.
class Executioner {
 public:
  // 0: never. Steps count from 1.
  void aim_at(std::size_t step) {
    const std::lock_guard lock(mutex_);
    aim_ = step;
    steps_.clear();
    answers_awaited_ = false;
    pid_ = 0;
  }
  void set_victim(pid_t pid) { pid_ = pid; }

  // "CREATE sent", "CREATE answered", ...
  std::vector<std::string> steps() {
    const std::lock_guard lock(mutex_);
    return steps_;
  }

  bool watch(servers::From from, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    if (from == servers::From::kClient) {
      const std::string verb = changing_verb(bytes);
      answers_awaited_ = !verb.empty();
      if (verb.empty()) return true;
      verb_ = verb;
      return step(verb_ + " sent");
    }
    if (!answers_awaited_) return true;
    answers_awaited_ = false;
    return step(verb_ + " answered");
  }

 private:
  // The folder that the command changes; else empty.
  static std::string changing_verb(std::string_view bytes) {
    for (const char* verb :
         {"CREATE", "DELETE", "APPEND", "UID STORE", "UID EXPUNGE", "SUBSCRIBE", "UNSUBSCRIBE"}) {
      const std::size_t tag_end = bytes.find(' ');
      if (tag_end < 8 && bytes.substr(tag_end + 1).starts_with(verb)) return verb;
    }
    return {};
  }

  bool step(std::string name) {
    steps_.push_back(std::move(name));
    if (steps_.size() != aim_) return true;
    while (pid_ == 0) ::sched_yield();
    ::kill(pid_, SIGKILL);
    return false;
  }

  std::mutex mutex_;
  std::vector<std::string> steps_;
  std::size_t aim_ = 0;
  bool answers_awaited_ = false;
  std::string verb_;
  std::atomic<pid_t> pid_ = 0;
};

class KillStepTest : public testing::TestWithParam<Kind> {
 protected:
  KillStepTest() {
    let_set_quotas(mailstow_, *server_);
    auto alice = server_->client("alice");
    alice.command("CREATE Archive");
    alice.command("CREATE Archive/2023");
    alice.command("SUBSCRIBE INBOX");
    servers::MailGenerator mail(3);
    for (const char* folder : {"INBOX", "Archive/2023"}) {
      std::vector<servers::Delivery> deliveries;
      for (int message = 0; message < 5; ++message) deliveries.push_back(mail.delivery());
      alice.append(folder, deliveries);
    }
    mailstow_.config()["servers"]["main"]["url"] = relay_.url();
    mailstow_.config()["servers"]["main"]["tls"] = "none";
    mailstow_.save();
    mailstow_.make_store();
    mailstow_.backupd_json({"once", "--account", "alice"});
    before_ = state();
  }

  servers::AccountState state() { return servers::account_state(*server_, "alice"); }

  // Returns the steps that it reached.
  std::vector<std::string> run_and_kill(const std::vector<std::string>& arguments,
                                        std::size_t step) {
    executioner_.aim_at(step);
    servers::Process process(mailstow_.restore_command(arguments), {}, {::getuid(), ::getgid()},
                             mailstow_.directory() / "log");
    executioner_.set_victim(process.pid());
    while (process.is_running()) ::usleep(1000);
    std::vector<std::string> steps = executioner_.steps();
    executioner_.aim_at(0);
    return steps;
  }

  // All of them in the long run; else the first of each kind, about a dozen. On Cyrus, which is
  // slow, the first answers, which matter most.
  static std::vector<std::size_t> chosen(const std::vector<std::string>& steps) {
    const bool all = tests::is_long_run();
    std::vector<std::size_t> chosen;
    std::map<std::string, std::size_t> kinds;
    for (std::size_t step = 1; step <= steps.size(); ++step) {
      const bool is_first = ++kinds[steps[step - 1]] == 1;
      const std::string& kind = steps[step - 1];
      const bool is_short = is_first && (GetParam() != Kind::kCyrus || kind == "CREATE answered" ||
                                         kind == "DELETE answered");
      if (all || is_short) chosen.push_back(step);
    }
    return chosen;
  }

  // The number of snapshots with mail that a sweep found.
  std::size_t rescues() {
    const json snapshots = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
    return static_cast<std::size_t>(
        std::count_if(snapshots.begin(), snapshots.end(),
                      [](const json& snapshot) { return snapshot["kind"] == "rescue"; }));
  }

  json sweep() {
    // Cyrus keeps deleted folders under a name that contains the second, and refuses to delete a
    // name twice in one second.
    if (GetParam() == Kind::kCyrus) ::sleep(2);
    return mailstow_.restore_json({"sweep"});
  }
  json trees() { return mailstow_.restore_json({"trees"})["trees"]; }

  void expect_nothing_but(const servers::AccountState& expected) {
    const servers::AccountState now = state();
    EXPECT_EQ(now.folders, expected.folders)
        << servers::describe_difference(expected.folders, now.folders);
    EXPECT_EQ(now.usage, expected.usage);
    EXPECT_EQ(now.subscriptions, expected.subscriptions);
  }

  static std::multiset<std::string> digests(const servers::FolderState& folder) {
    std::multiset<std::string> digests;
    for (const auto& message : folder.messages) digests.insert(message.sha256);
    return digests;
  }

  Executioner executioner_;
  std::unique_ptr<servers::Server> server_ = make_server(GetParam());
  servers::Relay relay_{*server_, {.watch = [this](servers::From from, std::string_view bytes) {
                          return executioner_.watch(from, bytes);
                        }}};
  programs::Installation mailstow_{*server_};
  servers::AccountState before_;
};

TEST_P(KillStepTest, AfterAKillAtAnyStepTheNextSweepDeletesTheTree) {
  const auto steps = run_and_kill({"run", "alice", "--all", "--expire-after", "1s"}, 0);
  ASSERT_GT(std::count(steps.begin(), steps.end(), "CREATE answered"), 4);
  EXPECT_EQ(sweep()["trees"][0]["finished"], true);
  for (const std::size_t step : chosen(steps)) {
    SCOPED_TRACE(std::to_string(step) + ": " + steps[step - 1]);
    run_and_kill({"run", "alice", "--all", "--expire-after", "1s"}, step);
    EXPECT_EQ(state().not_below("RESTORED", '/'), before_.folders);
    EXPECT_LE(trees().size(), 1U);
    sweep();
    EXPECT_EQ(trees(), json::array());
    expect_nothing_but(before_);
  }
}

TEST_P(KillStepTest, AtAnyStepOfARunItIsResumedWithoutDuplicates) {
  const auto steps = run_and_kill({"run", "alice", "--all", "--expire-after", "1s"}, 0);
  sweep();
  for (const std::size_t step : chosen(steps)) {
    SCOPED_TRACE(std::to_string(step) + ": " + steps[step - 1]);
    run_and_kill({"run", "alice", "--all", "--expire-after", "1s"}, step);
    const json left = trees();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0]["state"], "incomplete");
    const std::string tree = left[0]["tree"];
    mailstow_.restore_json({"run", "alice", "--resume", tree});
    const servers::AccountState now = state();
    for (const auto& [raw_name, folder] : before_.folders) {
      if (!folder.is_selectable) continue;
      const auto restored = now.folders.find(tree + "/" + raw_name);
      ASSERT_NE(restored, now.folders.end()) << raw_name;
      EXPECT_EQ(digests(restored->second), digests(folder)) << raw_name;
    }
    sweep();
    EXPECT_EQ(trees(), json::array());
    expect_nothing_but(before_);
  }
}

TEST_P(KillStepTest, AtAnyStepOfASweepTheNextOneFinishes) {
  const std::vector<std::string> run = {"run", "alice", "--all", "--expire-after", "1s"};
  mailstow_.restore_json(run);
  const auto steps = run_and_kill({"sweep"}, 0);
  ASSERT_GT(std::count(steps.begin(), steps.end(), "DELETE answered"), 4);
  for (const std::size_t step : chosen(steps)) {
    SCOPED_TRACE(std::to_string(step) + ": " + steps[step - 1]);
    mailstow_.restore_json(run);
    run_and_kill({"sweep"}, step);
    EXPECT_EQ(state().not_below("RESTORED", '/'), before_.folders);
    const json finished = sweep();
    for (const json& tree : finished["trees"]) {
      EXPECT_EQ(tree["finished"], true) << finished;
      for (const json& level : tree["levels"]) EXPECT_EQ(level["rescued"], 0) << level;
    }
    EXPECT_EQ(trees(), json::array());
    expect_nothing_but(before_);
  }
}

TEST_P(KillStepTest, MailThatTheUserPutInIsNotLostAtAnyStepOfASweep) {
  const auto make_tree = [&] {
    const std::string tree =
        mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "1s"})["tree"];
    servers::MailGenerator mail(9);
    server_->client("alice").append(tree + "/INBOX",
                                    std::vector<servers::Delivery>{{mail.plain()}});
    return tree;
  };
  make_tree();
  const auto steps = run_and_kill({"sweep"}, 0);
  for (const std::size_t step : chosen(steps)) {
    SCOPED_TRACE(std::to_string(step) + ": " + steps[step - 1]);
    const std::string tree = make_tree();
    const std::size_t rescues_before = rescues();
    run_and_kill({"sweep"}, step);
    const auto now = state();
    const auto folder = now.folders.find(tree + "/INBOX");
    const bool is_there = folder != now.folders.end() && !folder->second.messages.empty();
    EXPECT_TRUE(is_there || rescues() > rescues_before);
    sweep();
    EXPECT_GT(rescues(), rescues_before);
    expect_nothing_but(before_);
  }
}

INSTANTIATE_TEST_SUITE_P(Servers, KillStepTest, testing::Values(Kind::kDovecot, Kind::kCyrus),
                         [](const auto& kind) { return name_of(kind.param); });

}  // namespace
}  // namespace restore
