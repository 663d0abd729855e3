// Logins over HTTP: who gets in, how guesses are slowed down, and whose session it is.
#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "base/clock.h"
#include "base/time_text.h"
#include "tests/long_run.h"
#include "tests/programs/installation.h"
#include "tests/programs/owned_clock.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/dovecot.h"
#include "tests/web/page_programs.h"

namespace web {
namespace {

using servers::Server;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kRefusalAfter{1};

class PageLoginTest : public testing::Test {
 protected:
  PageLoginTest() {
    mailstow_.make_store();
    servers::fill_account(server_, "alice", 30);
  }

  struct Tried {
    WebAnswer answer;
    steady_clock::duration time;
  };

  Tried try_login(const std::string& name, const std::string& password,
                  const std::string& address = "192.0.2.7") const {
    WebClient client = page_.visitor();
    client.set_address(address);
    const auto begun = steady_clock::now();
    WebAnswer answer = client.log_in(name, password);
    const auto time = steady_clock::now() - begun;
    EXPECT_EQ(client.cookie().empty(), answer.status != 200) << name;
    return {std::move(answer), time};
  }

  std::string code(const std::string& name, const std::string& password,
                   const std::string& address = "192.0.2.7") const {
    const WebAnswer answer = try_login(name, password, address).answer;
    return answer.status == 200 ? "ok" : answer.code();
  }

  static std::string right(const std::string& user) { return Server::password(user); }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_, {"alice", "bob"}};
  PagePrograms page_{mailstow_};
};

TEST_F(PageLoginTest, OnlyTheOwnNameAndPasswordOpenAMailboxAndRefusalsAreAlike) {
  mailstow_.config()["web"]["self"]["accounts"] = {"alice"};
  mailstow_.save();
  page_.start();
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"alice", "wrong"},
      {"alice*" + Server::admin(), right(Server::admin())},
      {Server::admin(), right(Server::admin())},
      {"mallory", right("alice")},
      {"bob", right("bob")},  // not admitted
      {"Alice", right("alice")},
      {"alice ", right("alice")}};
  std::vector<Tried> tried(wrong.size());
  std::vector<std::thread> threads;
  for (std::size_t at = 0; at < wrong.size(); ++at) {
    threads.emplace_back([&, at] {
      tried[at] = try_login(wrong[at].first, wrong[at].second, "192.0.2." + std::to_string(at + 1));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t at = 0; at < wrong.size(); ++at) {
    EXPECT_EQ(tried[at].answer.status, 403) << wrong[at].first;
    EXPECT_EQ(tried[at].answer.code(), "refused") << wrong[at].first;
    EXPECT_EQ(tried[at].answer.body, tried[0].answer.body) << wrong[at].first;
    // However soon the reason is known.
    EXPECT_GE(tried[at].time, kRefusalAfter) << wrong[at].first;
  }
  EXPECT_EQ(code("alice", right("alice")), "ok");
}

TEST_F(PageLoginTest, AGuesserIsSlowedDownAndOthersAreNot) {
  programs::OwnedClock clock(base::format_rfc3339(base::system_clock().now_seconds()).c_str());
  page_.start(clock.environment());
  const std::string home = "198.51.100.1";
  const std::string stranger = "192.0.2.66";
  EXPECT_EQ(code("alice", right("alice"), home), "ok");
  // A name that exists, and one that does not, are slowed down alike.
  const auto guess = [&](const std::string& name) {
    const WebAnswer answer = try_login(name, "wrong", stranger).answer;
    const auto wait = answer.headers.find("retry-after");
    return answer.code() + (wait == answer.headers.end() ? "" : " " + wait->second);
  };
  for (int free = 0; free < 5; ++free) {
    std::string unknown;
    std::thread other([&] { unknown = guess("mallory"); });
    EXPECT_EQ(guess("alice"), "refused");
    other.join();
    EXPECT_EQ(unknown, "refused");
  }
  for (const char* const name : {"alice", "mallory"}) {
    EXPECT_THAT(guess(name), testing::StartsWith("throttled ")) << name;
  }
  EXPECT_EQ(code("alice", right("alice"), stranger), "throttled") << "not even a right password";
  EXPECT_EQ(code("alice", right("alice"), "192.0.2.67"), "throttled") << "nor from elsewhere";
  EXPECT_EQ(code("alice", right("alice"), home), "ok") << "she was there before";
  EXPECT_EQ(code("bob", right("bob"), stranger), "ok") << "others are not slowed down";
  clock.let_pass(minutes(1));
  EXPECT_EQ(guess("alice"), "refused") << "one attempt";
  EXPECT_THAT(guess("alice"), testing::StartsWith("throttled "));
}

// In the long run, 200 tries each show that no answer comes earlier for one of the names.
TEST_F(PageLoginTest, ARefusalTakesAsLongForAnUnknownNameAsForAKnownOne) {
  programs::OwnedClock clock(base::format_rfc3339(base::system_clock().now_seconds()).c_str());
  page_.start(clock.environment());
  const int tries = tests::is_long_run() ? 200 : 1;
  std::vector<steady_clock::duration> known;
  std::vector<steady_clock::duration> unknown;
  for (int at = 0; at < tries; ++at) {
    std::thread other(
        [&] { unknown.push_back(try_login("mallory", "wrong", "198.51.100.1").time); });
    known.push_back(try_login("alice", "wrong", "192.0.2.1").time);
    other.join();
    clock.let_pass(minutes(16));  // beyond every wait of the brake
  }
  for (auto* const times : {&known, &unknown}) {
    std::ranges::sort(*times);
    EXPECT_GE(times->front(), kRefusalAfter);
  }
  if (!tests::is_long_run()) return;
  const auto median = [](const std::vector<steady_clock::duration>& times) {
    return std::chrono::duration<double>(times[times.size() / 2]).count();
  };
  RecordProperty("known_seconds", std::to_string(median(known)));
  RecordProperty("unknown_seconds", std::to_string(median(unknown)));
  EXPECT_LT(std::abs(median(known) - median(unknown)), 0.05)
      << median(known) << " s and " << median(unknown) << " s";
}

TEST_F(PageLoginTest, ASessionThatAnotherPersonPlantedIsGoodForNothing) {
  mailstow_.backupd_json({"once", "--account", "alice"});
  page_.start();
  const std::string invented = "__Host-mailstow=" + std::string(64, 'a');
  WebClient planted = page_.visitor();
  planted.set_cookie(invented);
  EXPECT_EQ(planted.log_in("alice", right("alice")).status, 200);
  EXPECT_NE(planted.cookie(), invented);
  WebClient attacker = page_.visitor();
  attacker.set_cookie(invented);
  EXPECT_EQ(attacker.get("/api/v1/session").status, 401);

  // A valid session of the attacker's own, in the victim's browser.
  attacker = page_.owner("bob");
  WebClient victim = page_.visitor();
  victim.set_cookie(attacker.cookie());
  EXPECT_EQ(victim.log_in("alice", right("alice")).status, 200);
  EXPECT_NE(victim.cookie(), attacker.cookie());
  EXPECT_EQ(victim.get(of_account("alice", "/snapshots")).status, 200);
  EXPECT_EQ(attacker.get("/api/v1/session").status, 401) << "it ended with the login";
  WebClient again = page_.visitor();
  again.set_cookie(victim.cookie() + "; " + invented);
  EXPECT_EQ(again.get("/api/v1/session").status, 401) << "two cookies are no session";
}

// This Dovecot has no OBJECTID: INBOX is known by its UIDVALIDITY.
TEST_F(PageLoginTest, TheNewHolderOfAnAddressDoesNotSeeTheOldHoldersMail) {
  mailstow_.backupd_json({"once", "--account", "alice"});
  page_.start();
  WebClient former = page_.owner("alice");
  const std::string old =
      former.get(of_account("alice", "/snapshots")).document()["snapshots"][0]["snapshot"];
  const std::string message =
      former.get(of_account("alice", "/snapshots/newest/messages?folder=INBOX"))
          .document()["messages"][0]["message"];
  EXPECT_EQ(former.change("DELETE", "/api/v1/session").status, 204);
  server_.break_connections();
  server_.stop();
  std::filesystem::remove_all(server_.maildir("alice").path_of("INBOX"));
  // Dovecot's UIDVALIDITY is a time, ahead of the clock by as much as two seconds.
  std::this_thread::sleep_for(std::chrono::milliseconds(3100));
  server_.start();
  servers::fill_account(server_, "alice", 12, 99);
  EXPECT_EQ(code("alice", right("alice")), "stranger");

  EXPECT_EQ(mailstow_.backupd({"once", "--account", "alice"}).status, 3) << "an alarm";
  WebClient present = page_.owner("alice");
  EXPECT_EQ(present.get(of_account("alice", "/snapshots")).document()["snapshots"].size(), 1U);
  const std::string none(64, '0');
  for (const char* const path : {"", "/raw", "/parts"}) {
    const WebAnswer unknown = present.get(of_account("alice", "/messages/" + none + path));
    EXPECT_EQ(unknown.status, 404);
    EXPECT_EQ(present.get(of_account("alice", "/messages/" + message + path)).body, unknown.body);
  }
  EXPECT_EQ(present.get(of_account("alice", "/snapshots/" + old + "/folders")).body,
            present.get(of_account("alice", "/snapshots/" + none + "/folders")).body);
}

}  // namespace
}  // namespace web
