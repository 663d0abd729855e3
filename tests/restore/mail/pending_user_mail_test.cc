// Mail to users that waits: which letter is sent when, how often, and which is dropped, with a real
// mail server and a clock that the test controls.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "base/file_system.h"
#include "restore/user_letter.h"
#include "restore/user_mail.h"
#include "tests/servers/mail_server.h"
#include "tests/standing_clock.h"
#include "tests/temporary_directory.h"

namespace restore {
namespace {

using nlohmann::json;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::sys_seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Does something while a process waits.
class ClockWithVisitor : public tests::StandingClock {
 public:
  void sleep_for(std::chrono::milliseconds duration) override {
    StandingClock::sleep_for(duration);
    if (const auto action = std::exchange(visit, {})) action();
  }

  std::function<void()> visit;  // during the next sleep
};

class PendingUserMailTest : public testing::Test {
 protected:
  PendingUserMailTest() {
    clock_.elapsed = std::chrono::seconds(1'795'660'200);  // 2026-11-26
    config().store.index = directory_.path() / "index";
    std::filesystem::create_directory(config().store.index);
    json document = {{"mail", server_.config()}};
    for (const char* kind : {"restored", "reminder", "rescued", "login", "grant"}) {
      const base::Path file = directory_.path() / kind;
      std::ofstream(file) << "Subject: " << kind << "\n\n{days} days\n";
      document["user_mail"][kind] = file.string();
    }
    document["user_mail"]["address"] = "{user}@example.org";
    config().reporting = base::parse_reporting(document);
  }

  base::Config& config() { return environment_.config; }
  sys_seconds now() { return clock_.now_seconds(); }

  // The letters are tried by the order of these ids, if nothing else distinguishes them.
  store::TreeRecord tree(const std::string& id, const std::string& user, hours left) {
    store::TreeRecord record;
    record.id = id;
    record.account = user;
    record.server = "main";
    record.user = user;
    record.name = "RESTORED/" + id;
    record.state = store::TreeState::kComplete;
    record.created = now() - days(6);
    record.expires = now() + left;
    record.levels.emplace_back().messages.emplace_back();
    return record;
  }

  void notify_restored(const store::TreeRecord& tree) {
    UserMail(environment_).notify_restored(tree);
  }
  void notify_login(const std::string& user) {
    base::AccountConfig account;
    account.name = user;
    account.server = "main";
    account.user = user;
    UserMail(environment_).notify_login(account, "192.0.2.7");
  }

  // What a sweep does. Returns the log.
  std::string sweep(const std::vector<store::TreeRecord>& trees,
                    ClockTrust clock = ClockTrust::kTrusted) {
    testing::internal::CaptureStderr();
    const UserMail user_mail(environment_);
    if (clock == ClockTrust::kTrusted) {
      for (const store::TreeRecord& tree : trees) user_mail.remind(tree);
    }
    user_mail.send_pending(trees, clock);
    return testing::internal::GetCapturedStderr();
  }

  void take_server_down() { config().reporting.mail->url = "smtp://127.0.0.1:1"; }
  void take_server_up() { config().reporting.mail->url = server_.url(); }

  // The recipients of what was sent, in order.
  std::vector<std::string> recipients() {
    std::vector<std::string> recipients;
    for (const json& mail : server_.mail()) recipients.push_back(mail["to"][0]);
    return recipients;
  }

  std::vector<UserLetter> letters() {
    return UserLetters(environment_.files, config().store).list(environment_.clock.now_seconds());
  }

  tests::TemporaryDirectory directory_;
  servers::MailServer server_{{.tls = servers::MailTls::kNone}};
  ClockWithVisitor clock_;
  base::Environment environment_{{}, base::OutputFormat::kText, base::real_file_system(), clock_};
};

TEST_F(PendingUserMailTest, ARecipientThatIsRefusedDelaysNoOtherMail) {
  const std::vector<store::TreeRecord> trees = {
      tree("1", "full", days(7)), tree("2", "unknown", days(7)), tree("3", "bob", days(7))};
  for (const store::TreeRecord& tree : trees) notify_restored(tree);
  EXPECT_THAT(sweep(trees), HasSubstr("the server refused for now: 452 4.2.2 mailbox full"));
  EXPECT_THAT(recipients(), ElementsAre("bob@example.org"));
  ASSERT_EQ(letters().size(), 2U);
  EXPECT_EQ(letters()[0].attempts, 0) << "it was certainly not delivered";
  EXPECT_EQ(letters()[1].attempts, 0);
}

TEST_F(PendingUserMailTest, AFailureOfTheServerEndsTheAttemptsForNow) {
  const std::vector<store::TreeRecord> trees = {tree("1", "closing", days(7)),
                                                tree("2", "bob", days(7))};
  for (const store::TreeRecord& tree : trees) notify_restored(tree);
  EXPECT_THAT(sweep(trees), HasSubstr("421 4.3.2 closing down"));
  EXPECT_THAT(recipients(), IsEmpty());
  sweep(trees);
  EXPECT_THAT(recipients(), ElementsAre("bob@example.org"))
      << "a letter that ended the attempts is the last of the next time";
}

TEST_F(PendingUserMailTest, AnAttemptOfAClockThatWasAheadIsNoLateOne) {
  const std::vector<store::TreeRecord> trees = {tree("1", "closing", days(7)),
                                                tree("2", "bob", days(7))};
  notify_restored(trees[1]);
  UserLetter letter = letters().at(0);
  letter.tried = now() + days(365);
  UserLetters(environment_.files, config().store).replace(letter);
  notify_restored(trees[0]);
  sweep(trees);
  EXPECT_THAT(recipients(), IsEmpty()) << "one that was never tried comes first";
  clock_.sleep_for(hours(1));
  sweep(trees);
  EXPECT_THAT(recipients(), ElementsAre("bob@example.org"));
}

TEST_F(PendingUserMailTest, TheLetterOfARunIsTriedFirst) {
  notify_restored(tree("1", "closing", days(7)));
  clock_.sleep_for(hours(1));
  const store::TreeRecord of_the_run = tree("2", "bob", days(7));
  notify_restored(of_the_run);
  UserMail(environment_)
      .send_pending(std::vector{tree("1", "closing", days(7)), of_the_run}, ClockTrust::kUntrusted);
  EXPECT_THAT(recipients(), ElementsAre("bob@example.org"));
}

TEST_F(PendingUserMailTest, MailThatTheServerDoesNotConfirmIsSentTwiceAtMost) {
  const std::vector<store::TreeRecord> trees = {tree("1", "mute", days(7))};
  notify_restored(trees[0]);
  EXPECT_THAT(sweep(trees), HasSubstr("but did not confirm it: it may have been delivered: the "
                                      "next sweep sends it once more"));
  std::string log;
  for (int hour = 0; hour < 5; ++hour) {
    clock_.sleep_for(hours(1));
    log += sweep(trees);
  }
  EXPECT_THAT(recipients(), ElementsAre("mute@example.org", "mute@example.org"));
  EXPECT_THAT(letters(), IsEmpty());
  EXPECT_THAT(log, HasSubstr(": given up, though it may have been delivered"));
}

TEST_F(PendingUserMailTest, AReminderOfATreeThatWasExtendedWaitsForItsLastDay) {
  std::vector<store::TreeRecord> trees = {tree("1", "alice", hours(20))};
  take_server_down();
  sweep(trees);
  ASSERT_EQ(letters().size(), 1U);
  trees[0].expires += days(7);
  take_server_up();
  for (int hour = 0; hour < 2; ++hour) sweep(trees);
  EXPECT_THAT(recipients(), IsEmpty());
  EXPECT_THAT(letters(), IsEmpty());
  clock_.sleep_for(days(7));
  for (int hour = 0; hour < 2; ++hour) sweep(trees);
  ASSERT_THAT(recipients(), ElementsAre("alice@example.org"));
  EXPECT_EQ(server_.mail()[0]["headers"]["Subject"], "reminder");
  EXPECT_EQ(server_.mail()[0]["body"], "1 days\n");
}

TEST_F(PendingUserMailTest, ALetterThatAnotherProcessSentIsNotSentAgain) {
  auto lock = environment_.files.try_lock(config().store.index / "user-mail.lock",
                                          base::LockMode::kExclusive);
  ASSERT_NE(lock, nullptr);
  clock_.visit = [&] {
    lock.reset();
    UserMail(environment_).send_pending({}, ClockTrust::kTrusted);
  };
  notify_login("alice");
  EXPECT_FALSE(clock_.visit) << "it has waited";
  EXPECT_THAT(recipients(), ElementsAre("alice@example.org"));
  notify_login("alice");
  EXPECT_EQ(recipients().size(), 2U) << "each login has its mail";
}

TEST_F(PendingUserMailTest, LettersLeaveWithTheConfigurationOfMail) {
  take_server_down();
  notify_login("alice");
  notify_restored(tree("1", "alice", days(7)));
  ASSERT_EQ(letters().size(), 2U);
  config().reporting = {};
  sweep({});
  EXPECT_THAT(letters(), IsEmpty());
}

TEST_F(PendingUserMailTest, LettersAreGivenUpWhileTheServerIsDown) {
  take_server_down();
  notify_login("alice");
  notify_login("bob");
  clock_.sleep_for(days(7) + hours(1));
  notify_login("carol");
  EXPECT_THAT(sweep({}), HasSubstr("alice: mail about a login: it was not sent since "));
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(letters()[0].account, "carol");
}

TEST_F(PendingUserMailTest, NoAccountIsDiscoveredForMail) {
  const base::Path trace = directory_.path() / "discovered";
  base::ServerConfig server;
  server.discover.emplace();
  server.discover->command = {"sh", "-c", "echo x >>\"$1\"; echo dora", "sh", trace.string()};
  config().servers["main"] = server;
  notify_login("dora");
  const std::vector<store::TreeRecord> trees = {tree("1", "dora", days(7)),
                                                tree("2", "emil", days(7))};
  for (const store::TreeRecord& tree : trees) notify_restored(tree);
  sweep(trees);
  EXPECT_THAT(recipients(),
              ElementsAre("dora@example.org", "dora@example.org", "emil@example.org"));
  EXPECT_FALSE(std::filesystem::exists(trace));
}

TEST_F(PendingUserMailTest, MailOfAnAccountWithAnotherNameGoesToItsAddress) {
  base::AccountConfig boss;
  boss.name = "boss";
  boss.server = "main";
  boss.user = "alice";
  boss.mail = "boss@example.org";
  config().accounts = {boss};
  notify_login("boss");
  notify_login("alice");  // the former name
  EXPECT_THAT(recipients(), ElementsAre("boss@example.org", "boss@example.org"));
}

TEST_F(PendingUserMailTest, WhileTheClockIsInDoubtOnlyTimesWait) {
  const std::vector<store::TreeRecord> trees = {
      tree("1", "reminded", hours(20)), tree("2", "due", days(7)), tree("3", "bob", days(30))};
  take_server_down();
  sweep(trees);  // writes the reminder
  notify_restored(trees[1]);
  notify_restored(trees[2]);
  notify_login("alice");
  ASSERT_EQ(letters().size(), 4U);
  take_server_up();
  const auto jump = days(10);
  clock_.elapsed += jump;
  EXPECT_EQ(sweep(trees, ClockTrust::kUntrusted), "");
  EXPECT_THAT(recipients(), testing::UnorderedElementsAre("alice@example.org", "bob@example.org"));
  EXPECT_EQ(letters().size(), 2U) << "nothing is given up, and no tree is considered gone";
  clock_.elapsed -= jump;
  sweep(trees);
  EXPECT_THAT(recipients(), testing::IsSupersetOf({"reminded@example.org", "due@example.org"}));
  EXPECT_EQ(recipients().size(), 4U);
}

TEST_F(PendingUserMailTest, LettersOfAnEarlierVersionAreSent) {
  const base::Path directory = config().store.index / "user-mail";
  std::filesystem::create_directory(directory);
  for (const int begun : {1, 2}) {
    const json letter = {{"kind", "login"},
                         {"account", "alice"},
                         {"server", "main"},
                         {"user", "alice"},
                         {"values", {{"account", "alice"}}},
                         {"expires", 0},
                         {"written", now().time_since_epoch().count()},
                         {"reported", 17},
                         {"begun", begun}};
    std::ofstream(directory / ("page-" + std::to_string(begun) + ".letter")) << letter;
  }
  ASSERT_EQ(letters().size(), 2U);
  EXPECT_EQ(letters()[0].attempts, 1);
  EXPECT_EQ(letters()[0].tried, sys_seconds(std::chrono::seconds(17)));
  EXPECT_THAT(sweep({}), HasSubstr(": given up, though it may have been delivered"));
  EXPECT_THAT(recipients(), ElementsAre("alice@example.org"));
  EXPECT_THAT(letters(), IsEmpty());
}

}  // namespace
}  // namespace restore
