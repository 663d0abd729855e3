// What strangers send to the page as it runs, and many who watch a restore at a time: its user is
// served beside them.
#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <sys/resource.h>

#include "tests/long_run.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/relay.h"
#include "tests/unix_socket.h"
#include "tests/web/page_programs.h"

namespace web {
namespace {

using testing::HasSubstr;

class PageTrafficTest : public testing::Test {
 protected:
  PageTrafficTest() {
    mailstow_.make_store();
    servers::fill_account(server_, "alice", 30);
    mailstow_.backupd_json({"once"});
  }

  void TearDown() override { may_restore_ = true; }

  // Before start(): restores stand still at their first message until may_restore_.
  void hold_restores() {
    mailstow_.config()["servers"]["main"]["url"] = relay_.url();
    mailstow_.save();
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_, {"alice"}};
  std::atomic<bool> may_restore_{false};
  servers::Relay relay_{server_, {.watch = [this](servers::From from, std::string_view bytes) {
                          const bool is_mail = from == servers::From::kClient &&
                                               bytes.find("APPEND") != std::string_view::npos;
                          while (is_mail && !may_restore_) {
                            std::this_thread::sleep_for(std::chrono::milliseconds(20));
                          }
                          return true;
                        }}};
  PagePrograms page_{mailstow_};
};

TEST_F(PageTrafficTest, StrangersDoNoHarm) {
  page_.start();
  WebClient alice = page_.owner("alice");
  const base::Path socket = page_.users().socket();
  const auto expect_service = [&](const char* during) {
    EXPECT_EQ(alice.get("/api/v1/session").status, 200) << during;
  };
  // Paths that lead out of the page.
  for (const char* const target :
       {"/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd",
        "/app.js/../../etc/passwd", "//etc/passwd", "/etc/passwd", "/i18n/../../web-self.json",
        "/..\\..\\etc\\passwd", "/%00/etc/passwd", "/api/v1/../../etc/passwd",
        "/api/v1/accounts/..%2f..%2fbob/snapshots", "http://evil.example/etc/passwd", "*"}) {
    const WebAnswer answer = alice.get(target);
    EXPECT_GE(answer.status, 400) << target;
    EXPECT_THAT(answer.body, testing::Not(HasSubstr("root:"))) << target;
  }
  expect_service("after paths");
  // Too much.
  EXPECT_EQ(alice.get("/" + std::string(100'000, 'x')).status, 414);
  EXPECT_GE(alice.get("/", "X-Long: " + std::string(100'000, 'x') + "\r\n").status, 400);
  const std::string plans = of_account("alice", "/plans");
  EXPECT_EQ(alice.change("POST", plans, {{"selection", std::string(2'000'000, 'x')}}).status, 413);
  EXPECT_EQ(alice.change("POST", plans, {{"selection", std::string(900'000, 'x')}}).status, 400);
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(alice.send("POST", plans, kOwnPage, deep).status, 400);
  expect_service("after what is too large");
  // Clients that say nothing, half a head, or half a body.
  std::vector<base::Fd> slow;
  WebClient stranger = page_.visitor();
  stranger.set_address("203.0.113.9");
  const std::string login =
      stranger.request("POST", "/api/v1/session", kOwnPage, R"({"user": "alice"})");
  for (int count = 0; count < 300; ++count) {
    slow.push_back(tests::connect_to_socket(socket));
    const std::size_t sent = count % 3 == 0   ? 0
                             : count % 3 == 1 ? login.size() / 2
                                              : login.size() - 5;
    if (sent > 0) tests::send_to(slow.back(), login.substr(0, sent));
  }
  expect_service("beside slow clients");
  EXPECT_EQ(alice.get(of_account("alice", "/snapshots")).status, 200);
}

// In the long run, a thousand.
TEST_F(PageTrafficTest, ManyWatchARestoreAndTheUserIsServed) {
  const std::size_t count = tests::is_long_run() ? 1'000 : 100;
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4'096);  // the programs inherit it
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  hold_restores();
  page_.start();
  WebClient alice = page_.owner("alice");
  const json plan =
      alice.change("POST", of_account("alice", "/plans"), {{"selection", {{"folders", {"INBOX"}}}}})
          .document();
  ASSERT_TRUE(plan.contains("plan")) << plan;
  const WebAnswer started =
      alice.change("POST", of_account("alice", "/restores"), {{"plan", plan["plan"]}},
                   "Idempotency-Key: key-0000000000000001\r\n");
  ASSERT_EQ(started.status, 202) << started.body;
  const std::string job = started.document()["job"];
  // The desk refuses what one session asks beyond its bound, and the looks of a hundred streams may
  // come at once.
  WebClient beside = page_.owner("alice");

  std::vector<base::Fd> streams;
  for (std::size_t number = 0; number < count; ++number) {
    WebClient watcher = alice;
    // A client may have 48 requests at a time.
    watcher.set_address("198.51.100." + std::to_string(number / 40));
    const std::string request = watcher.request(
        "GET", of_account("alice", "/jobs/" + job + "/events"), "Connection: close\r\n", "");
    streams.push_back(tests::connect_to_socket(alice.socket()));
    tests::send_to(streams.back(), request);
    std::array<char, 256> begin{};
    const ssize_t got = ::recv(streams.back().get(), begin.data(), begin.size(), 0);
    ASSERT_GT(got, 0);
    const std::string_view head(begin.data(), static_cast<std::size_t>(got));
    ASSERT_TRUE(head.starts_with("HTTP/1.1 200")) << number << head;
  }
  EXPECT_EQ(beside.get(of_account("alice", "/snapshots")).status, 200);
  EXPECT_EQ(beside.get(of_account("alice", "/jobs/" + job)).document()["state"], "running");
  may_restore_ = true;
  for (const base::Fd& stream : streams) {
    const std::string events = tests::read_to_end(stream);
    ASSERT_THAT(events, HasSubstr("event: end\n"));
    ASSERT_THAT(events, HasSubstr(R"("state":"done")"));
  }
}

}  // namespace
}  // namespace web
