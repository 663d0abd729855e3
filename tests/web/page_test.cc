// A user's way through the page over HTTP: the real desk, the real mail server.
#include <gmock/gmock.h>

#include "tests/midnight.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/web/page_programs.h"

namespace web {
namespace {

using testing::HasSubstr;

class PageTest : public testing::Test {
 protected:
  PageTest() {
    mailstow_.make_store();
    servers::fill_account(server_, "alice", 30);
    mailstow_.backupd_json({"once"});
  }

  void lose_mail() {
    auto alice = server_.client("alice");
    alice.command("SELECT INBOX");
    alice.command("STORE 1:* +FLAGS.SILENT \\Deleted");
    alice.command("EXPUNGE");
    mailstow_.backupd_json({"once", "--account", "alice"});
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  PagePrograms page_{mailstow_};
};

TEST_F(PageTest, AUserFindsWhatVanishedAndBringsItBack) {
  const auto inbox = servers::account_state(server_, "alice").folders["INBOX"].messages.size();
  lose_mail();
  page_.start();
  WebClient alice = page_.visitor();
  EXPECT_EQ(alice.get(of_account("alice", "/vanished")).status, 401);
  EXPECT_EQ(alice.log_in("alice", "wrong").code(), "refused");
  EXPECT_EQ(alice.cookie(), "");
  alice = page_.owner("alice");
  EXPECT_TRUE(alice.cookie().starts_with("__Host-mailstow="));
  EXPECT_EQ(alice.get("/api/v1/session").document()["account"], "alice");

  const WebAnswer vanished = alice.get(of_account("alice", "/vanished"));
  ASSERT_EQ(vanished.status, 200) << vanished.body;
  EXPECT_THAT(vanished.body, HasSubstr("INBOX"));
  const json snapshots = alice.get(of_account("alice", "/snapshots")).document()["snapshots"];
  ASSERT_EQ(snapshots.size(), 2U);
  const std::string before = snapshots[0]["snapshot"];
  const json messages =
      alice.get(of_account("alice", "/snapshots/" + before + "/messages?folder=INBOX&limit=2"))
          .document()["messages"];
  ASSERT_EQ(messages.size(), 2U);
  const std::string message = messages[0]["message"];
  EXPECT_EQ(alice.get(of_account("alice", "/messages/" + message)).status, 200);
  EXPECT_EQ(alice.get(of_account("alice", "/messages/" + message + "/parts")).status, 200);
  const WebAnswer view = alice.get(of_account("alice", "/messages/" + message + "/view"));
  EXPECT_EQ(view.status, 200) << view.body;
  EXPECT_THAT(view.headers.at("content-security-policy"),
              testing::StartsWith("sandbox allow-popups "));
  EXPECT_EQ(alice.get(of_account("alice", "/messages/" + message + "/raw")).body.size(),
            messages[0]["size"]);

  const json plan = alice
                        .change("POST", of_account("alice", "/plans"),
                                {{"selection", {{"at", before}, {"folders", {"INBOX"}}}}})
                        .document();
  ASSERT_TRUE(plan.contains("plan")) << plan;
  const auto restore = [&] {
    return alice.change("POST", of_account("alice", "/restores"), {{"plan", plan["plan"]}},
                        "Idempotency-Key: key-0000000000000001\r\n");
  };
  const WebAnswer started = restore();
  ASSERT_EQ(started.status, 202) << started.body;
  const std::string job = started.document()["job"];
  const WebAnswer events = alice.get(of_account("alice", "/jobs/" + job + "/events"));
  EXPECT_THAT(events.body, HasSubstr("event: end\n"));
  EXPECT_THAT(events.body, HasSubstr(R"("state":"done")"));
  EXPECT_EQ(restore().document()["job"], job) << "the same key restores nothing again";

  const json trees = alice.get(of_account("alice", "/trees")).document()["trees"];
  ASSERT_EQ(trees.size(), 1U);
  const std::string tree = trees[0]["tree"];
  EXPECT_EQ(servers::account_state(server_, "alice").folders[tree + "/INBOX"].messages.size(),
            inbox);
  const auto change_tree = [&](const std::string& what, const json& body) {
    return alice.change("POST", of_account("alice", "/trees/" + what), body).status;
  };
  EXPECT_EQ(change_tree("extend", {{"tree", tree}, {"days", 7}}), 200);
  EXPECT_EQ(change_tree("extend", {{"tree", "RESTORED/x"}, {"days", 7}}), 404);
  EXPECT_EQ(change_tree("expire", {{"tree", tree}}), 200);
  mailstow_.restore_json({"sweep"});
  EXPECT_THAT(servers::account_state(server_, "alice").below("RESTORED", '/'), testing::IsEmpty());

  const std::string old = alice.cookie();
  EXPECT_EQ(alice.change("DELETE", "/api/v1/session").status, 204);
  alice.set_cookie(old);
  EXPECT_EQ(alice.get(of_account("alice", "/vanished")).status, 401);
}

TEST_F(PageTest, AUserDownloadsMailOnceADay) {
  tests::wait_past_midnight();
  page_.start();
  WebClient alice = page_.owner("alice");
  const json selection = {{"all", true}};
  const json plan =
      alice.change("POST", of_account("alice", "/export-plans"), {{"selection", selection}})
          .document();
  ASSERT_TRUE(plan.contains("document")) << plan;
  EXPECT_THAT(plan["commands"]["mbox"].get<std::string>(),
              testing::StartsWith("mailstow-restore export --at="));
  const auto prepare = [&] {
    const WebAnswer answer = alice.change("POST", of_account("alice", "/exports"),
                                          {{"selection", selection}, {"format", "mbox"}});
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer.document();
  };
  const auto state_of = [&](const json& prepared) {
    return alice
        .get(of_account("alice", "/exports/" + prepared["export"].get<std::string>() + "/state"))
        .document();
  };
  const json first = prepare();
  EXPECT_EQ(state_of(first)["state"], "ready");
  const WebAnswer zip = alice.get(first["url"]);
  EXPECT_EQ(zip.status, 200);
  EXPECT_THAT(zip.body, testing::StartsWith("PK"));
  EXPECT_THAT(zip.body, HasSubstr("INBOX.mbox"));
  const json done = state_of(first);
  EXPECT_EQ(done["state"], "done");
  EXPECT_EQ(done["messages"], plan["document"]["messages"]);
  EXPECT_EQ(done["bytes"], plan["document"]["bytes"]);
  const json second = prepare();
  EXPECT_EQ(alice.get(second["url"]).code(), "bound");
  EXPECT_EQ(state_of(second)["state"], "refused");
  EXPECT_EQ(state_of(second)["code"], "bound");
  WebClient other = page_.owner("alice");
  const std::string path = "/exports/" + second["export"].get<std::string>() + "/state";
  EXPECT_EQ(other.get(of_account("alice", path)).status, 404) << "another session's";
}

}  // namespace
}  // namespace web
