// Bounds on what one person makes the desk do or keep, and its end.
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>

#include <gmock/gmock.h>

#include "tests/memory_search.h"
#include "tests/midnight.h"
#include "tests/restore/desk/held_request.h"
#include "tests/restore/desk/staffed_desk.h"

namespace desk {
namespace {

using testing::HasSubstr;

class BoundsTest : public StaffedDesk {
 protected:
  BoundsTest() {
    // More than a socket holds: its reader must take it.
    const std::string large =
        back_up("alice", {{"Large", {std::string(std::size_t{4} << 20U, 'x')}}});
    large_ = message_in("alice", "Large", large);
  }

  std::unique_ptr<HeldRequest> open_large(const std::string& session, const std::string& client) {
    return std::make_unique<HeldRequest>(
        desk_->desk(), Door::kSelf,
        json{{"request", "raw"}, {"message", large_}, {"session", session}, {"client", client}});
  }

  std::string me(const std::string& session, const std::string& client = "192.0.2.7") {
    return outcome(
        desk_->ask(Door::kSelf, {{"request", "me"}, {"session", session}, {"client", client}}));
  }

  // Until requests that were sent have arrived. Some of them may have arrived, and been refused,
  // while a request of this function had the last place: `replace` sends another one. False if that
  // takes too long.
  bool becomes_busy(const std::string& session, const std::string& client,
                    const std::function<void()>& replace) {
    for (int attempt = 1; attempt < 1'000; ++attempt) {
      if (me(session, client) == "busy") return true;
      if (attempt % 20 == 0) replace();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  base::Path job_file(const std::string& name) const { return mailstow_.index() / "desk" / name; }
  void create_job_file(const std::string& name) const { const std::ofstream file(job_file(name)); }

  Job job_of(const std::string& id) const {
    return {.id = id,
            .account = "alice",
            .person = "alice",
            .role = "owner",
            .client = "192.0.2.7",
            .key = "key-of-" + id,
            .selection = R"({"all":true})",
            .state = JobState::kInterrupted,
            .made = clock_.now_seconds()};
  }

  std::string large_;
};

TEST_F(BoundsTest, ASessionLeavesRoomForOthersAndAStopCutsItsStreams) {
  const std::string session = desk_->owner_session("alice");
  std::vector<std::unique_ptr<HeldRequest>> held;
  const auto open = [&] {
    held.push_back(open_large(session, "192.0.2." + std::to_string(held.size())));
  };
  while (held.size() < Desk::kMaxOfSession) open();
  EXPECT_TRUE(becomes_busy(session, "198.51.100.1", open)) << "its requests fill its places";
  const std::string other = desk_->owner_session("alice");
  EXPECT_EQ(me(other), "ok");
  EXPECT_EQ(outcome(desk_->ask(Door::kSelf, {{"request", "snapshots"}, {"session", other}})), "ok")
      << "streams that stand still leave the places of look-ups free";
  desk_->desk().stop();
  for (const auto& request : held) {
    EXPECT_THAT(request->finish(), testing::Not(HasSubstr("\n0\n"))) << "not a whole message";
  }
  EXPECT_THAT(outcome(desk_->ask(Door::kSelf, {{"request", "snapshots"}, {"session", other}})),
              testing::AnyOf("nothing", "busy"))
      << "a stopped desk starts no command";
}

TEST_F(BoundsTest, ANetworkLeavesRoomForOthers) {
  // All are opened within the time for which a request waits for a command's place.
  std::string session;
  const std::string other = desk_->owner_session("bob");
  std::vector<std::unique_ptr<HeldRequest>> held;
  const auto open = [&] {
    if (held.size() % Desk::kMaxOfSession == 0) session = desk_->owner_session("alice");
    held.push_back(open_large(session, "2001:db8::" + std::to_string(held.size())));
  };
  while (held.size() < Desk::kMaxOfNetwork) open();
  EXPECT_TRUE(becomes_busy(other, "2001:db8::ffff", open));
  EXPECT_EQ(me(other, "2001:db8:0:1::1"), "ok");
  const json login = {{"request", "login"}, {"name", "officer"}, {"client", "2001:db8::1"}};
  EXPECT_EQ(outcome(desk_->ask(Door::kStaff, login)), "busy") << "logins count, too";
  desk_->desk().stop();
}

TEST_F(BoundsTest, AConnectionThatSendsNoRequestEndsWithTheDesk) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const base::Fd ours(ends[0]);
  std::thread answering([&] {
    Connection connection(base::Fd(ends[1]), std::chrono::hours(1));
    desk_->desk().answer(connection, Door::kSelf);
  });
  desk_->desk().stop();
  answering.join();
}

TEST_F(BoundsTest, ATypedPasswordHidesNothingOfTheLog) {
  for (const char* password : {"login failed", "192.0.2.7", "reason=", "alice"}) {
    testing::internal::CaptureStderr();
    desk_->ask(Door::kSelf, {{"request", "login"}, {"name", "alice"}, {"password", password}});
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                HasSubstr("login failed: address=192.0.2.7 reason=unavailable account=alice"))
        << password;
  }
}

TEST_F(BoundsTest, APasswordLeavesNoCopyInTheMemoryOfTheDesk) {
  constexpr std::string_view kPassword = "a password that only alice knows, and types";
  // The heap itself overwrites the first bytes of what it keeps for later.
  const tests::MemorySearch search(kPassword.substr(kPassword.find("that")));
  {
    const json login = {{"request", "login"}, {"name", "alice"}, {"password", kPassword}};
    ASSERT_THAT(search.found(), testing::Not(testing::IsEmpty()));
    EXPECT_EQ(outcome(desk_->ask(Door::kSelf, login)), "unavailable");
  }
  EXPECT_THAT(search.found(), testing::IsEmpty());
}

TEST_F(BoundsTest, CodesAndRequestsForAGrantAreBounded) {
  tests::wait_past_midnight();
  const std::string session = desk_->owner_session("alice");
  const auto consent = [&](const std::string& owner) {
    return outcome(desk_->ask(Door::kSelf, {{"request", "consent"}, {"session", owner}}));
  };
  std::size_t codes = 0;
  while (codes < 100 && consent(session) == "ok") ++codes;
  EXPECT_EQ(codes, 20U);
  EXPECT_EQ(consent(session), "bound");
  EXPECT_EQ(consent(desk_->owner_session("bob")), "ok");
  EXPECT_EQ(desk_->desk().ledger().grants().size(), Ledger::kMaxCodes + 1) << "unused ones";

  const std::string officer = desk_->staff_session("officer");
  const json ask = {{"request", "ask-grant"},
                    {"session", officer},
                    {"account", "alice"},
                    {"reason", "ticket 17"}};
  std::size_t asked = 0;
  while (asked < 100 && outcome(desk_->ask(Door::kStaff, ask)) == "ok") ++asked;
  EXPECT_EQ(asked, Ledger::kMaxAsked);
  EXPECT_EQ(outcome(desk_->ask(Door::kStaff, ask)), "bound");
  json other = ask;
  other["session"] = desk_->staff_session("second");
  EXPECT_EQ(outcome(desk_->ask(Door::kStaff, other)), "ok");
}

TEST_F(BoundsTest, TheFilesOfAJobGoWithItsRecord) {
  Ledger& ledger = desk_->desk().ledger();
  const std::string old(32, '1');
  const std::string present(32, '2');
  const std::string lost(32, '3');  // a desk died after its record was removed
  Job long_ago = job_of(old);
  long_ago.made -= Ledger::kJobsKept + std::chrono::seconds(1);
  ledger.add_job(long_ago);
  ledger.add_job(job_of(present));
  for (const std::string& id : {old, present, lost}) {
    create_job_file(id + ".lock");
    create_job_file(id + ".report");
  }
  create_job_file("of another program");
  desk_->desk().forget_old();
  EXPECT_FALSE(std::filesystem::exists(job_file(old + ".lock")));
  EXPECT_FALSE(std::filesystem::exists(job_file(old + ".report")));
  EXPECT_TRUE(std::filesystem::exists(job_file(present + ".lock")));
  desk_->start();
  EXPECT_FALSE(std::filesystem::exists(job_file(lost + ".lock")));
  EXPECT_FALSE(std::filesystem::exists(job_file(lost + ".report")));
  EXPECT_TRUE(std::filesystem::exists(job_file(present + ".lock"))) << "it can be completed";
  EXPECT_TRUE(std::filesystem::exists(job_file("of another program")));
}

TEST_F(BoundsTest, ARetryOfAnInterruptedRestoreKeepsToTheBounds) {
  Job large = job_of(std::string(32, '1'));
  large.bytes = base::OwnerBounds().restored_bytes + 1;
  Job small = job_of(std::string(32, '2'));
  small.bytes = base::OwnerBounds().restored_bytes;
  for (const Job& job : {large, small}) desk_->desk().ledger().add_job(job);
  const std::string session = desk_->owner_session("alice");
  const auto retry = [&](const Job& job) {
    return outcome(desk_->ask(Door::kSelf, {{"request", "restore"},
                                            {"plan", std::string(32, '0')},
                                            {"key", job.key},
                                            {"session", session}}));
  };
  EXPECT_EQ(retry(large), "bound");
  EXPECT_EQ(desk_->desk().ledger().job(large.id)->state, JobState::kInterrupted);
  EXPECT_EQ(retry(small), "ok");
}

TEST_F(BoundsTest, ANewHolderSeesNothingOfWhatTheFormerHolderDid) {
  const std::string former = desk_->owner_session("alice");
  const auto as = [&](const std::string& session, json request) {
    request["session"] = session;
    return desk_->ask(Door::kSelf, std::move(request));
  };
  const Job job = job_of(std::string(32, '1'));
  desk_->desk().ledger().add_job(job);
  ASSERT_EQ(outcome(as(former, {{"request", "consent"}})), "ok");
  grant("trusted");
  ASSERT_EQ(as(former, {{"request", "jobs"}})["jobs"].size(), 1U);
  ASSERT_EQ(as(former, {{"request", "grants"}})["grants"].size(), 2U);
  ASSERT_NE(as(former, {{"request", "audit"}})["document"]["lines"], json::array());
  const json grants = as(former, {{"request", "grants"}})["grants"];

  clock_.sleep_for(std::chrono::minutes(1));
  const std::string present = desk_->desk()
                                  .sessions()
                                  .begin({.id = {},
                                          .door = Door::kSelf,
                                          .role = Role::kOwner,
                                          .person = "alice",
                                          .account = "alice",
                                          .holder_since = clock_.now_seconds(),
                                          .client = "192.0.2.7"},
                                         std::chrono::hours(2))
                                  .value();
  EXPECT_EQ(as(present, {{"request", "jobs"}})["jobs"], json::array());
  EXPECT_EQ(as(present, {{"request", "grants"}})["grants"], json::array());
  for (const char* request : {"job", "stop"}) {
    EXPECT_EQ(outcome(as(present, {{"request", request}, {"job", job.id}})), "not_found");
  }
  EXPECT_EQ(outcome(as(present,
                       {{"request", "restore"}, {"plan", std::string(32, '0')}, {"key", job.key}})),
            "not_found")
      << "the key of another person's restore";
  for (const json& one : grants) {
    EXPECT_EQ(outcome(as(present, {{"request", "revoke"}, {"grant", one["grant"]}})), "not_found");
  }
  const json audit = as(present, {{"request", "audit"}})["document"];
  EXPECT_EQ(audit["lines"], json::array());
  EXPECT_EQ(as(former, {{"request", "jobs"}})["jobs"].size(), 1U) << "the session of before";
}

TEST_F(BoundsTest, ANameThatFitsTwoAccountsOpensNeitherAtTheProxysDoor) {
  json& accounts = mailstow_.config()["accounts"];
  const json password = accounts[0]["password_file"];
  accounts.push_back(
      {{"name", "carol"}, {"server", "main"}, {"user", "alice"}, {"password_file", password}});
  // It may not log in itself, and is counted.
  mailstow_.config()["web"]["self"]["accounts"] = {"alice", "bob"};
  mailstow_.save();
  desk_.emplace(mailstow_, clock_);
  const auto log_in = [&](const std::string& name) {
    return outcome(desk_->ask(Door::kProxy, {{"request", "login"}, {"name", name}}));
  };
  EXPECT_EQ(log_in("bob"), "unavailable") << "no mail server runs: the name is accepted";
  EXPECT_EQ(log_in("alice"), "refused");
  EXPECT_EQ(log_in("carol"), "refused") << "not admitted";
}

}  // namespace
}  // namespace desk
