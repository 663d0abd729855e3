// A user's way through the page over HTTP: the real desk, the real mail server.
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/delivery.h"
#include "tests/servers/dovecot.h"
#include "tests/web/web_client.h"
#include "web/target.h"

namespace web {
namespace {

using servers::Server;
using testing::HasSubstr;
using testing::Not;

class PageTest : public testing::Test {
 protected:
  PageTest() {
    mailstow_.make_store();
    servers::fill_account(server_, "alice", 30);
    servers::fill_account(server_, "bob", 12);
    mailstow_.config()["web"] = {
        {"self",
         {{"accounts", {"*"}}, {"socket", desk_socket().string()}, {"refusal_after", "1s"}}}};
    mailstow_.save();
    mailstow_.backupd_json({"once"});
    std::ofstream(mailstow_.directory() / "web.json")
        << json{{"desk", desk_socket().string()},
                {"socket", page_socket().string()},
                {"url", "https://restore.example.org"}};
  }

  base::Path desk_socket() const { return mailstow_.directory() / "desk"; }
  base::Path page_socket() const { return mailstow_.directory() / "page"; }

  std::unique_ptr<servers::Process> start(const std::vector<std::string>& command,
                                          const base::Path& socket) const {
    auto process = std::make_unique<servers::Process>(command, std::vector<std::string>(),
                                                      servers::Account{::getuid(), ::getgid()},
                                                      mailstow_.directory() / "page.log");
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!connect_to_page(socket)) {
      if (!process->is_running() || std::chrono::steady_clock::now() > end) {
        throw std::runtime_error("a program does not start");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return process;
  }

  void start_page() {
    desk_ = start(mailstow_.restore_command({"desk"}), desk_socket());
    web_ = start({std::string(MAILSTOW_BIN_DIRECTORY) + "/mailstow-web", "--config",
                  (mailstow_.directory() / "web.json").string(), "serve"},
                 page_socket());
  }

  void lose_mail() {
    auto alice = server_.client("alice");
    alice.command("SELECT INBOX");
    alice.command("STORE 1:* +FLAGS.SILENT \\Deleted");
    alice.command("EXPUNGE");
    mailstow_.backupd_json({"once", "--account", "alice"});
  }

  WebClient logged_in(const std::string& user) const {
    WebClient client(page_socket());
    const WebAnswer answer = client.log_in(user, Server::password(user));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return client;
  }

  static std::string of(const std::string& account, const std::string& path) {
    return "/api/v1/accounts/" + account + path;
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  std::unique_ptr<servers::Process> desk_;
  std::unique_ptr<servers::Process> web_;
};

TEST_F(PageTest, AUserFindsWhatVanishedAndBringsItBack) {
  const auto inbox = servers::account_state(server_, "alice").folders["INBOX"].messages.size();
  lose_mail();
  start_page();
  WebClient alice(page_socket());
  EXPECT_EQ(alice.get(of("alice", "/vanished")).status, 401);
  EXPECT_EQ(alice.log_in("alice", "wrong").code(), "refused");
  EXPECT_EQ(alice.cookie(), "");
  alice = logged_in("alice");
  EXPECT_TRUE(alice.cookie().starts_with("__Host-mailstow="));
  EXPECT_EQ(alice.get("/api/v1/session").document()["account"], "alice");

  const WebAnswer vanished = alice.get(of("alice", "/vanished"));
  ASSERT_EQ(vanished.status, 200) << vanished.body;
  EXPECT_THAT(vanished.body, HasSubstr("INBOX"));
  const json snapshots = alice.get(of("alice", "/snapshots")).document()["snapshots"];
  ASSERT_EQ(snapshots.size(), 2U);
  const std::string before = snapshots[0]["snapshot"];
  const json messages =
      alice.get(of("alice", "/snapshots/" + before + "/messages?folder=INBOX&limit=2"))
          .document()["messages"];
  ASSERT_EQ(messages.size(), 2U);
  const std::string message = messages[0]["message"];
  EXPECT_EQ(alice.get(of("alice", "/messages/" + message)).status, 200);
  EXPECT_EQ(alice.get(of("alice", "/messages/" + message + "/parts")).status, 200);
  const WebAnswer view = alice.get(of("alice", "/messages/" + message + "/view"));
  EXPECT_EQ(view.status, 200) << view.body;
  EXPECT_THAT(view.headers.at("content-security-policy"),
              testing::StartsWith("sandbox allow-popups "));
  EXPECT_EQ(alice.get(of("alice", "/messages/" + message + "/raw")).body.size(),
            messages[0]["size"]);

  const json plan = alice
                        .change("POST", of("alice", "/plans"),
                                {{"selection", {{"at", before}, {"folders", {"INBOX"}}}}})
                        .document();
  ASSERT_TRUE(plan.contains("plan")) << plan;
  const auto restore = [&] {
    return alice.change("POST", of("alice", "/restores"), {{"plan", plan["plan"]}},
                        "Idempotency-Key: key-0000000000000001\r\n");
  };
  const WebAnswer started = restore();
  ASSERT_EQ(started.status, 202) << started.body;
  const std::string job = started.document()["job"];
  const WebAnswer events = alice.get(of("alice", "/jobs/" + job + "/events"));
  EXPECT_THAT(events.body, HasSubstr("event: end\n"));
  EXPECT_THAT(events.body, HasSubstr(R"("state":"done")"));
  EXPECT_EQ(restore().document()["job"], job) << "the same key restores nothing again";

  const json trees = alice.get(of("alice", "/trees")).document()["trees"];
  ASSERT_EQ(trees.size(), 1U);
  const std::string tree = trees[0]["tree"];
  EXPECT_EQ(servers::account_state(server_, "alice").folders[tree + "/INBOX"].messages.size(),
            inbox);
  const auto change_tree = [&](const std::string& what, const json& body) {
    return alice.change("POST", of("alice", "/trees/" + what), body).status;
  };
  EXPECT_EQ(change_tree("extend", {{"tree", tree}, {"days", 7}}), 200);
  EXPECT_EQ(change_tree("extend", {{"tree", "RESTORED/x"}, {"days", 7}}), 404);
  EXPECT_EQ(change_tree("expire", {{"tree", tree}}), 200);
  mailstow_.restore_json({"sweep"});
  EXPECT_THAT(servers::account_state(server_, "alice").below("RESTORED", '/'), testing::IsEmpty());

  const std::string old = alice.cookie();
  EXPECT_EQ(alice.change("DELETE", "/api/v1/session").status, 204);
  alice.set_cookie(old);
  EXPECT_EQ(alice.get(of("alice", "/vanished")).status, 401);
}

TEST_F(PageTest, NoRequestReachesAnotherAccount) {
  const std::vector<servers::Delivery> mail = {{"Subject: not alice's\r\n\r\nonly bob has it\r\n"}};
  server_.client("bob").append("INBOX", mail);
  mailstow_.backupd_json({"once"});
  start_page();
  WebClient bob = logged_in("bob");
  const std::string snapshot =
      bob.get(of("bob", "/snapshots")).document()["snapshots"][0]["snapshot"];
  const std::string message = bob.get(of("bob", "/snapshots/newest/messages?folder=INBOX"))
                                  .document()["messages"]
                                  .back()["message"];
  WebClient alice = logged_in("alice");
  const std::string invented(64, '0');
  const auto expect_equal = [&](const std::string& bobs, const std::string& other) {
    const WebAnswer left = alice.get(bobs);
    const WebAnswer right = alice.get(other);
    EXPECT_EQ(left.status, 404) << bobs;
    EXPECT_EQ(left.body, right.body) << bobs;
  };
  for (const char* const path : {"/snapshots", "/vanished", "/trees", "/jobs", "/audit"}) {
    expect_equal(of("bob", path), of("mallory", path));
  }
  for (const char* const path : {"/folders", "/messages?folder=INBOX"}) {
    expect_equal(of("alice", "/snapshots/" + snapshot + path),
                 of("alice", "/snapshots/" + invented + path));
  }
  for (const char* const path : {"", "/raw", "/parts", "/parts/1", "/view"}) {
    expect_equal(of("alice", "/messages/" + message + path),
                 of("alice", "/messages/" + invented + path));
  }
  expect_equal(of("alice", "/changes?from=" + snapshot), of("alice", "/changes?from=" + invented));
}

TEST_F(PageTest, OddNamesAreOnlyNames) {
  start_page();
  WebClient alice = logged_in("alice");
  for (const std::string& name : {std::string("--to=bob"), std::string("-v"), std::string("*"),
                                  std::string("%2A"), std::string("a\nb"), std::string("a\0b", 3),
                                  std::string(8'000, 'x'), std::string("../..")}) {
    const std::string folder = percent_encoded(name);
    const int status = alice.get(of("alice", "/snapshots/newest/messages?folder=" + folder)).status;
    EXPECT_TRUE(status == 404 || status == 400) << folder << status;
    const int tree = alice.change("POST", of("alice", "/trees/expire"), {{"tree", name}}).status;
    EXPECT_TRUE(tree == 404 || tree == 400) << folder << tree;
  }
  EXPECT_EQ(alice.get("/" + std::string(30'000, 'x')).status, 400);
  EXPECT_EQ(alice.get(of("alice", "/snapshots")).status, 200);
}

}  // namespace
}  // namespace web
