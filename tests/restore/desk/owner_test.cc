// A user's way through the restore page, on a real Dovecot, over the desk's socket.
#include <array>
#include <filesystem>
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "tests/long_run.h"
#include "tests/midnight.h"
#include "tests/restore/desk/desk_program.h"
#include "tests/restore/run_fixture.h"
#include "tests/servers/account_filler.h"

namespace desk {
namespace {

using servers::Server;
using testing::HasSubstr;

class OwnerTest : public restore::RunTest {
 protected:
  explicit OwnerTest(std::size_t messages = 60) {
    servers::fill_account(server_, "alice", messages);
    server_.client("alice").command("CREATE Lost");
    servers::fill_account(server_, "bob", 20);
    mailstow_.config()["web"] = {
        {"self", {{"accounts", {"*"}}, {"socket", socket().string()}, {"refusal_after", "1s"}}}};
    mailstow_.save();
    mailstow_.backupd_json({"once"});
  }

  base::Path socket() const { return mailstow_.directory() / "self"; }

  void start_desk() { desk_.emplace(mailstow_, socket()); }

  json log_in(const std::string& name, const std::string& password) {
    return desk_->ask({{"request", "login"}, {"name", name}, {"password", password}});
  }
  void log_in() {
    const json answer = log_in("alice", Server::password("alice"));
    ASSERT_EQ(answer["ok"], true) << answer;
    session_ = answer["session"];
  }

  json ask(json request) {
    request["session"] = session_;
    return desk_->ask(std::move(request));
  }
  static std::string code(const json& answer) {
    return answer.value("ok", false) ? "ok" : answer["error"].value("code", "");
  }

  std::string plan(const json& selection) {
    const json answer = ask({{"request", "plan"}, {"selection", selection}});
    EXPECT_EQ(answer["ok"], true) << answer;
    return answer.value("plan", "");
  }
  json restore_plan(const std::string& plan, const std::string& key) {
    return ask({{"request", "restore"}, {"plan", plan}, {"key", key}});
  }

  json wait_for(const std::string& job) {
    for (;;) {
      json answer = ask({{"request", "job"}, {"job", job}});
      if (answer["job"].value("state", "") != "running") return answer["job"];
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  // The digests of a folder's messages.
  std::multiset<std::string> mail_in(const std::string& raw_name) {
    std::multiset<std::string> mail;
    servers::AccountState now = state();
    for (const auto& message : now.folders[raw_name].messages) mail.insert(message.sha256);
    return mail;
  }

  std::optional<DeskProgram> desk_;
  std::string session_;
};

TEST_F(OwnerTest, FindsWhatVanishedBringsItBackAndRemovesItAgain) {
  const auto inbox = mail_in("INBOX");
  delete_everything();
  back_up();
  start_desk();
  log_in();
  const json vanished = ask({{"request", "vanished"}});
  ASSERT_EQ(code(vanished), "ok") << vanished;
  EXPECT_THAT(vanished.dump(), HasSubstr("INBOX"));
  const json snapshots = ask({{"request", "snapshots"}})["document"]["snapshots"];
  ASSERT_EQ(snapshots.size(), 2U);
  const std::string before = snapshots[0]["snapshot"];
  const json messages =
      ask({{"request", "messages"}, {"folder", "INBOX"}, {"at", before}, {"limit", 2}});
  ASSERT_EQ(messages["document"]["messages"].size(), 2U) << messages;

  const std::string planned = plan({{"at", before}, {"folders", {"INBOX"}}});
  const json started = restore_plan(planned, "key-0000000000000001");
  ASSERT_EQ(code(started), "ok") << started;
  const json job = wait_for(started["job"]["job"]);
  EXPECT_EQ(job["state"], "done") << job;
  EXPECT_EQ(job["exit_status"], 0);
  EXPECT_EQ(job["command"],
            "mailstow-restore run --at=" + before.substr(0, 16) + " --folder=INBOX alice");
  const std::string tree = job["tree"];
  EXPECT_EQ(mail_in(tree + "/INBOX"), inbox);
  EXPECT_EQ(restore_plan(planned, "key-0000000000000001")["job"]["tree"], tree)
      << "the same request again restores nothing";
  const json trees = ask({{"request", "trees"}})["document"]["trees"];
  ASSERT_EQ(trees.size(), 1U);
  EXPECT_EQ(trees[0]["commands"]["expire"], "mailstow-restore expire alice " + tree);

  const json extended = ask({{"request", "extend"}, {"tree", tree}, {"days", 7}});
  EXPECT_EQ(code(extended), "ok");
  EXPECT_EQ(extended["command"], trees[0]["commands"]["extend"]);
  EXPECT_EQ(code(ask({{"request", "extend"}, {"tree", tree}, {"days", 30}})), "bound");
  EXPECT_EQ(code(ask({{"request", "extend"}, {"tree", tree}, {"days", 1}})), "ok");
  EXPECT_EQ(code(ask({{"request", "extend"}, {"tree", tree}, {"days", 1}})), "bound")
      << "twice at most";
  EXPECT_EQ(code(ask({{"request", "extend"}, {"tree", "RESTORED/x"}, {"days", 1}})), "not_found");
  EXPECT_EQ(code(ask({{"request", "expire"}, {"tree", tree}})), "ok");
  mailstow_.restore_json({"sweep"});
  EXPECT_THAT(state().below("RESTORED", '/'), testing::IsEmpty());

  const json audit = ask({{"request", "audit"}});
  EXPECT_THAT(audit.dump(), HasSubstr(R"("command":"run")"));
  EXPECT_THAT(audit.dump(), HasSubstr(R"("client":"192.0.2.7")"));
  EXPECT_EQ(code(ask({{"request", "logout"}})), "ok");
  EXPECT_EQ(code(ask({{"request", "me"}})), "unauthenticated");
}

TEST_F(OwnerTest, OnlyTheRightNameAndPasswordOpenTheMailbox) {
  start_desk();
  const std::string right = Server::password("alice");
  const std::string refusal = log_in("alice", "wrong").dump();
  EXPECT_EQ(code(json::parse(refusal)), "refused");
  const std::string master = "alice*" + Server::admin();
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"mallory", right},
      {master, Server::password(Server::admin())},
      {Server::admin(), Server::password(Server::admin())},
      {"alice+x", right},
      {"Alice", right},
      {"alice ", right},
      {"bob", right},
      {std::string(255, 'a'), right}};
  for (const auto& [name, password] : wrong) {
    EXPECT_EQ(log_in(name, password).dump(), refusal) << name;
  }
  EXPECT_EQ(code(log_in("alice\n", right)), "usage");
  log_in();
  EXPECT_EQ(ask({{"request", "me"}})["account"], "alice");
}

TEST_F(OwnerTest, AMailServerThatIsAwayIsNotAWrongPassword) {
  start_desk();
  server_.stop();
  const std::string known = log_in("alice", Server::password("alice")).dump();
  EXPECT_EQ(code(json::parse(known)), "unavailable");
  EXPECT_EQ(log_in("mallory", "x").dump(), known) << "an unknown name is answered alike";
}

TEST_F(OwnerTest, AnExpiredTreeCountsAgainWhenItIsExtended) {
  mailstow_.config()["web"]["self"]["bounds"] = {{"trees", 1}};
  mailstow_.save();
  start_desk();
  log_in();
  const auto restored = [&](const std::string& key) -> std::string {
    const json started = restore_plan(plan({{"folders", {"INBOX"}}}), key);
    EXPECT_EQ(code(started), "ok") << started;
    return wait_for(started["job"]["job"])["tree"];
  };
  const std::string first = restored("key-0000000000000001");
  EXPECT_EQ(code(restore_plan(plan({{"folders", {"INBOX"}}}), "key-0000000000000002")), "bound");
  EXPECT_EQ(code(ask({{"request", "expire"}, {"tree", first}})), "ok");
  const std::string second = restored("key-0000000000000003");
  const json extend = {{"request", "extend"}, {"tree", first}, {"days", 1}};
  EXPECT_EQ(code(ask(extend)), "bound") << "with the second one there would be two";
  EXPECT_EQ(code(ask({{"request", "expire"}, {"tree", second}})), "ok");
  EXPECT_EQ(code(ask(extend)), "ok");
}

TEST_F(OwnerTest, TheNewHolderOfAnAddressDoesNotSeeTheOldHoldersMail) {
  start_desk();
  log_in();
  EXPECT_EQ(code(ask({{"request", "consent"}})), "ok");
  const json job = restore_plan(plan({{"folders", {"INBOX"}}}), "key-0000000000000001")["job"];
  EXPECT_EQ(wait_for(job["job"])["state"], "done");
  // Another mailbox under the same name, with mail of its own.
  server_.break_connections();
  server_.stop();
  std::filesystem::remove_all(server_.maildir("alice").path_of("INBOX"));
  // Dovecot's UIDVALIDITY is a time, ahead of the clock by as much as two seconds.
  std::this_thread::sleep_for(std::chrono::milliseconds(3100));
  server_.start();
  servers::fill_account(server_, "alice", 12, 99);
  EXPECT_EQ(code(log_in("alice", Server::password("alice"))), "stranger");
  EXPECT_EQ(mailstow_.backupd({"once", "--account", "alice"}).status, 3) << "an alarm";
  log_in();
  const json snapshots = ask({{"request", "snapshots"}})["document"]["snapshots"];
  EXPECT_EQ(snapshots.size(), 1U) << "only those since then";
  EXPECT_EQ(ask({{"request", "jobs"}})["jobs"], json::array());
  EXPECT_EQ(ask({{"request", "grants"}})["grants"], json::array());
  EXPECT_EQ(ask({{"request", "trees"}})["document"]["trees"], json::array());
  EXPECT_EQ(code(ask({{"request", "job"}, {"job", job["job"]}})), "not_found");
  EXPECT_THAT(ask({{"request", "audit"}}).dump(), testing::Not(HasSubstr("consent")));
  EXPECT_EQ(mailstow_.backupd({"acknowledge", "alice"}).status, 0);
  log_in();
  EXPECT_EQ(ask({{"request", "snapshots"}})["document"]["snapshots"].size(), 2U)
      << "the administrator says that it is the same person";
  EXPECT_EQ(ask({{"request", "jobs"}})["jobs"].size(), 1U);
  EXPECT_EQ(ask({{"request", "grants"}})["grants"][0]["state"], "over")
      << "it was the consent of a different mailbox";
}

TEST_F(OwnerTest, TheBoundsOfADayHoldAlsoBeyondARestart) {
  json& bounds = mailstow_.config()["web"]["self"]["bounds"];
  bounds = {{"messages_per_day", 2}, {"restores_per_day", 1}, {"exports_per_day", 1}};
  mailstow_.save();
  tests::wait_past_midnight();
  start_desk();
  log_in();
  const json message =
      ask({{"request", "messages"}, {"folder", "INBOX"}})["document"]["messages"][0];
  const auto open_message = [&] {
    const json request = {{"request", "raw"},
                          {"message", message["message"]},
                          {"session", session_},
                          {"client", "192.0.2.7"}};
    return desk_->exchange(request.dump() + "\n");
  };
  const std::string opened = open_message();
  EXPECT_THAT(opened, HasSubstr("{\"size\":" + message["size"].dump() + "}\n"));
  EXPECT_TRUE(opened.ends_with("0\n{\"ok\":true}\n")) << opened.substr(opened.size() - 40);
  const json exported = {{"request", "export"},
                         {"selection", {{"folders", {"INBOX"}}}},
                         {"session", session_},
                         {"client", "192.0.2.7"}};
  EXPECT_THAT(desk_->exchange(exported.dump() + "\n"), HasSubstr("\"end\":true"));
  const json job = restore_plan(plan({{"folders", {"INBOX"}}}), "key-0000000000000001");
  EXPECT_EQ(wait_for(job["job"]["job"])["state"], "done");
  desk_->stop();
  desk_->start();
  log_in();
  EXPECT_THAT(open_message(), HasSubstr("0\n{\"ok\":true}\n"));
  EXPECT_THAT(open_message(), HasSubstr("bound"));
  EXPECT_THAT(desk_->exchange(exported.dump() + "\n"), HasSubstr("unauthenticated"));
  EXPECT_EQ(code(ask({{"request", "export"}, {"selection", {{"folders", {"INBOX"}}}}})), "bound");
  EXPECT_EQ(code(restore_plan(plan({{"folders", {"INBOX"}}}), "key-0000000000000002")), "bound");
  EXPECT_EQ(
      restore_plan("00000000000000000000000000000000", "key-0000000000000001")["job"]["state"],
      "done")
      << "the same request again is not another one";
}

class InterruptedTest : public OwnerTest {
 protected:
  InterruptedTest() : OwnerTest(400) {
    mailstow_.config()["web"]["self"]["bounds"] = {{"restores_per_day", 100}};
    mailstow_.save();
  }
};

TEST_F(InterruptedTest, ADeskThatIsKilledDuringARestoreFindsItAgain) {
  const auto inbox = mail_in("INBOX");
  start_desk();
  const int kills = tests::is_long_run() ? 20 : 3;
  for (int kill = 0; kill < kills; ++kill) {
    log_in();
    const std::string planned = plan({{"folders", {"INBOX"}}});
    const std::string key = "key-000000000000000" + std::to_string(kill % 10);
    const json request = {{"request", "restore"},
                          {"plan", planned},
                          {"key", key},
                          {"session", session_},
                          {"client", "192.0.2.7"}};
    // The answer is not read, as if it were lost with the desk.
    const base::Fd asking = tests::connect_to_socket(desk_->socket());
    tests::send_to(asking, request.dump() + "\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(100 * kill + 50));
    desk_->kill();
    desk_->start();
    log_in();
    json job;
    do {
      const json answer = restore_plan(planned, key);
      ASSERT_EQ(code(answer), "ok") << answer;
      job = wait_for(answer["job"]["job"]);
    } while (job["state"] == "interrupted");
    ASSERT_EQ(job["state"], "done") << job;
    const json trees = ask({{"request", "trees"}})["document"]["trees"];
    ASSERT_EQ(trees.size(), 1U) << "never twice: " << trees;
    EXPECT_EQ(trees[0]["tree"], job["tree"]);
    EXPECT_EQ(mail_in(job["tree"].get<std::string>() + "/INBOX"), inbox);
    EXPECT_EQ(code(ask({{"request", "expire"}, {"tree", job["tree"]}})), "ok");
    mailstow_.restore_json({"sweep"});
  }
}

TEST_F(InterruptedTest, AnotherSessionContinuesARestoreAndNeverTwice) {
  tests::wait_past_midnight();
  start_desk();
  log_in();
  const auto inbox = mail_in("INBOX");
  const json started = restore_plan(plan({{"folders", {"INBOX"}}}), "key-0000000000000001");
  ASSERT_EQ(code(started), "ok") << started;
  const std::string id = started["job"]["job"];
  ask({{"request", "stop"}, {"job", id}});
  json job = wait_for(id);
  log_in();  // as from another browser, which knows neither the plan nor the key
  while (job["state"] == "interrupted") {
    const json listed = ask({{"request", "jobs"}})["jobs"];
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0]["can_continue"], true);
    const bool has_tree = job["tree"].is_string();
    const json request = {{"request", "continue"}, {"job", listed[0]["job"]}};
    std::array<json, 2> answers;
    std::thread beside([&] { answers[0] = ask(request); });
    answers[1] = ask(request);
    beside.join();
    for (const json& answer : answers) EXPECT_EQ(code(answer), "ok") << answer;
    job = wait_for(id);
    if (has_tree) {
      EXPECT_THAT(job["command"].get<std::string>(), HasSubstr("--resume=RESTORED/"));
    }
  }
  EXPECT_EQ(job["state"], "done") << job;
  EXPECT_EQ(mail_in(job["tree"].get<std::string>() + "/INBOX"), inbox);
  EXPECT_EQ(ask({{"request", "trees"}})["document"]["trees"].size(), 1U);
  EXPECT_EQ(ask({{"request", "continue"}, {"job", id}})["job"]["state"], "done");
  EXPECT_EQ(ask({{"request", "me"}})["today"]["restores"], 1) << "it counts once";
}

TEST_F(InterruptedTest, ARestoreThatIsStoppedIsCompletedByTheSameRequest) {
  start_desk();
  log_in();
  const auto inbox = mail_in("INBOX");
  const std::string planned = plan({{"folders", {"INBOX"}}});
  const json started = restore_plan(planned, "key-0000000000000001");
  ASSERT_EQ(code(started), "ok") << started;
  ask({{"request", "stop"}, {"job", started["job"]["job"]}});
  wait_for(started["job"]["job"]);
  json job;
  do {
    job = wait_for(restore_plan(planned, "key-0000000000000001")["job"]["job"]);
  } while (job["state"] == "interrupted");
  EXPECT_EQ(job["state"], "done") << job;
  EXPECT_EQ(mail_in(job["tree"].get<std::string>() + "/INBOX"), inbox);
  EXPECT_EQ(ask({{"request", "trees"}})["document"]["trees"].size(), 1U);
}

}  // namespace
}  // namespace desk
