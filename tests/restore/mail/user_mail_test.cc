// Mail to users about their restored trees, as a real mail server receives it.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <regex>
#include <thread>

#include <gmock/gmock.h>

#include "base/file_system.h"
#include "store/clock_guard.h"
#include "store/format/location.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/mail_server.h"

namespace restore {
namespace {

using programs::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;

class UserMailTest : public testing::Test {
 protected:
  UserMailTest() {
    servers::fill_account(server_, "alice", 10);
    mailstow_.config()["mail"] = mail_server_.config();
    mailstow_.config()["accounts"][0]["mail"] = "alice@example.org";
    mailstow_.config()["restore"]["time_zone"] = "Europe/Oslo";
    set_template("restored",
                 "Subject: Ihre Mail ist zur\xc3\xbc"
                 "ck\n\nThe {messages} messages of {account} are in {tree}\n"
                 "until {expires} ({days} days). {unknown} {\n");
    set_template("reminder",
                 "Subject: Your restored mail goes tomorrow\r\n\r\n{tree}: {days} day\r\n");
    mailstow_.make_store();
    mailstow_.backupd({"once"});
  }

  void set_template(const std::string& kind, const std::string& text) {
    const base::Path file = mailstow_.directory() / kind;
    std::ofstream(file) << text;
    mailstow_.config()["user_mail"][kind] = file.string();
    mailstow_.save();
  }

  json run(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"run", "alice", "--all"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return mailstow_.restore_json(arguments);
  }

  std::vector<json> mail() { return mail_server_.mail(); }

  // A server that is down, until take_server_up().
  void take_server_down() { set_server("smtp://127.0.0.1:1"); }
  void take_server_up() { set_server(mail_server_.url()); }
  void set_server(const std::string& url) {
    mailstow_.config()["mail"]["url"] = url;
    mailstow_.save();
  }

  // Those that are not yet sent.
  std::vector<base::Path> letters() {
    std::vector<base::Path> letters;
    for (const auto& file : std::filesystem::directory_iterator(mailstow_.index() / "user-mail")) {
      if (file.path().extension() == ".letter") letters.push_back(file.path());
    }
    return letters;
  }

  // Sweeps a tree with a message of the user's own, while the mail server is down.
  void rescue_unnoticed() {
    set_template("rescued", "Subject: Your mail was saved\n\n{messages} of {tree}, {days} days\n");
    tree_ = run({"--expire-after", "1s"})["tree"];
    servers::MailGenerator generator(1);
    server_.client("alice").append(tree_ + "/INBOX",
                                   std::vector<servers::Delivery>{{generator.plain()}});
    take_server_down();
    const auto swept = mailstow_.restore({"sweep"});
    EXPECT_EQ(swept.status, 0) << swept.err;
    EXPECT_THAT(swept.err, HasSubstr("mail to its user: send mail to alice@example.org: "));
    EXPECT_TRUE(mailstow_.restore_json({"trees"})["trees"].empty());
    ASSERT_EQ(letters().size(), 1U);
  }

  void change_letter(const std::string& key, const json& value) {
    json letter = json::parse(std::ifstream(letters().at(0)));
    letter[key] = value;
    std::ofstream(letters().at(0)) << letter;
  }

  std::string tree_;

  servers::Dovecot server_;
  servers::MailServer mail_server_;
  programs::Installation mailstow_{server_};
};

TEST_F(UserMailTest, NamesTheTreeAndItsExpiry) {
  const json report = run();
  ASSERT_EQ(mail().size(), 1U);
  const json sent = mail().front();
  EXPECT_EQ(sent["wrong"], json::array()) << sent["raw"].get<std::string>();
  EXPECT_EQ(sent["to"], json({"alice@example.org"}));
  EXPECT_EQ(sent["headers"]["Subject"],
            "Ihre Mail ist zur\xc3\xbc"
            "ck");
  EXPECT_EQ(sent["headers"]["Auto-Submitted"], "auto-generated");
  const std::string body = sent["body"];
  EXPECT_THAT(body, HasSubstr("The 10 messages of alice are in " +
                              report["tree"].get<std::string>() + "\n"));
  EXPECT_THAT(body, HasSubstr(" Europe/Oslo (7 days). {unknown} {\n"));
  EXPECT_THAT(body, MatchesRegex("[^~]*until [0-9]+-[0-9]+-[0-9]+ [0-9]+:[0-9]+ Europe/Oslo[^~]*"));
}

TEST_F(UserMailTest, SendsMailOnlyForTreesOfTheUser) {
  run({"--dry-run"});
  run({"--expire-after", "1s"});
  mailstow_.config()["drill"]["account"] = "bob";
  mailstow_.save();
  run({"--to", "bob"});
  mailstow_.config().erase("user_mail");
  mailstow_.save();
  run();
  EXPECT_THAT(mail(), IsEmpty());
}

TEST_F(UserMailTest, RemindsOnceInTheLastDay) {
  run({"--expire-after", "86402s"});
  run({"--expire-after", "30d"});
  run({"--expire-after", "20h"});  // no time for a reminder
  ASSERT_EQ(mail().size(), 3U);
  // A user whose mail was refused is reminded by the next sweep.
  std::this_thread::sleep_for(std::chrono::milliseconds(2'500));
  mailstow_.config()["accounts"][0]["mail"] = "unknown@example.org";
  mailstow_.save();
  const auto refused = mailstow_.restore({"sweep"});
  EXPECT_EQ(refused.status, 0);
  EXPECT_THAT(refused.err, HasSubstr("no such user here"));
  mailstow_.config()["accounts"][0].erase("mail");
  mailstow_.config()["user_mail"]["address"] = "{user}@example.org";
  mailstow_.save();
  mailstow_.restore_json({"sweep", "--dry-run"});
  EXPECT_EQ(mail().size(), 3U);
  for (int sweep = 0; sweep < 3; ++sweep) mailstow_.restore_json({"sweep"});
  ASSERT_EQ(mail().size(), 4U);
  const json sent = mail().back();
  EXPECT_EQ(sent["wrong"], json::array()) << sent["raw"].get<std::string>();
  EXPECT_EQ(sent["to"], json({"alice@example.org"}));
  EXPECT_EQ(sent["headers"]["Subject"], "Your restored mail goes tomorrow");
  EXPECT_THAT(sent["body"].get<std::string>(), HasSubstr(": 1 day\n"));
}

TEST_F(UserMailTest, AnErrorInTheMailDoesNotAffectTheRestore) {
  set_template("restored", "Dear {account}\n");
  const auto wordless = mailstow_.restore({"run", "alice", "--folder", "INBOX"});
  EXPECT_EQ(wordless.status, 0);
  EXPECT_THAT(wordless.err, HasSubstr("mail to its user: read "));
  mailstow_.config()["accounts"][0].erase("mail");
  mailstow_.save();
  set_template("restored", "Subject: x\n\nx\n");
  const auto nowhere = mailstow_.restore({"run", "alice", "--folder", "INBOX"});
  EXPECT_EQ(nowhere.status, 0);
  EXPECT_THAT(nowhere.err, HasSubstr("\"alice\" is not a mail address"));
  EXPECT_THAT(mail(), IsEmpty());
}

TEST_F(UserMailTest, RescuedMailIsReportedOnceTheServerIsBack) {
  rescue_unnoticed();
  const auto again = mailstow_.restore({"sweep"});
  EXPECT_EQ(again.status, 0);
  EXPECT_THAT(again.err, Not(HasSubstr("mail to its user"))) << "once a day";
  take_server_up();
  EXPECT_THAT(mail(), IsEmpty());
  for (int sweep = 0; sweep < 2; ++sweep) mailstow_.restore_json({"sweep"});
  ASSERT_EQ(mail().size(), 1U);
  EXPECT_EQ(mail()[0]["to"], json({"alice@example.org"}));
  EXPECT_THAT(mail()[0]["body"].get<std::string>(), HasSubstr("1 of " + tree_ + ", 90 days"));
  EXPECT_THAT(letters(), IsEmpty());
}

TEST_F(UserMailTest, TheNextRunSendsWhatASweepCouldNot) {
  rescue_unnoticed();
  mailstow_.config()["user_mail"].erase("restored");
  take_server_up();
  run();
  ASSERT_EQ(mail().size(), 1U);
  EXPECT_EQ(mail()[0]["headers"]["Subject"], "Your mail was saved");
  EXPECT_THAT(letters(), IsEmpty());
}

TEST_F(UserMailTest, MailIsGivenUpAfterAWeek) {
  rescue_unnoticed();
  take_server_up();
  const auto written = std::chrono::system_clock::now() - std::chrono::hours(7 * 24 + 1);
  change_letter("written", std::chrono::system_clock::to_time_t(written));
  EXPECT_THAT(mailstow_.restore({"sweep"}).err,
              AllOf(HasSubstr("alice: " + tree_ + ": mail to its user: it was not sent since "),
                    HasSubstr(": given up\n")));
  EXPECT_THAT(mail(), IsEmpty());
  EXPECT_THAT(letters(), IsEmpty());
}

TEST_F(UserMailTest, MailThatMayHaveBeenSentIsSentOnceMoreAtMost) {
  rescue_unnoticed();
  take_server_up();
  change_letter("attempts", 2);  // as if two sweeps had been killed while they sent it
  EXPECT_THAT(mailstow_.restore({"sweep"}).err, HasSubstr("though it may have been delivered"));
  EXPECT_THAT(mail(), IsEmpty());
  EXPECT_THAT(letters(), IsEmpty());
}

TEST_F(UserMailTest, ASweepSendsMailWhileTheClockIsInDoubt) {
  rescue_unnoticed();
  take_server_up();
  store::Location location;
  location.store = mailstow_.store();
  location.index = mailstow_.index();
  location.key_file = mailstow_.key_file();
  store::ClockMemory memory;
  memory.last = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) +
                std::chrono::days(3);
  store::save_clock_memory(base::real_file_system(), store::clock_memory_file(location), memory);
  mailstow_.restore({"sweep", "--dry-run"});
  EXPECT_THAT(mail(), IsEmpty());
  EXPECT_THAT(mailstow_.restore({"sweep"}).err, HasSubstr("0 trees are due, none was deleted: "));
  EXPECT_EQ(mail().size(), 1U);
  EXPECT_THAT(letters(), IsEmpty());
}

TEST_F(UserMailTest, ASweepSendsMailAboutARestoreOnlyWhileTheTreeIsThere) {
  take_server_down();
  const std::string tree = run({"--expire-after", "30d"})["tree"];
  const std::string gone = run({"--expire-after", "30d"})["tree"];
  ASSERT_EQ(letters().size(), 2U);
  EXPECT_EQ(mailstow_.restore({"extend", "alice", tree, "30d"}).status, 0);
  EXPECT_EQ(mailstow_.restore({"expire", "alice", gone}).status, 0);
  take_server_up();
  for (int sweep = 0; sweep < 2; ++sweep) mailstow_.restore_json({"sweep"});
  ASSERT_EQ(mail().size(), 1U);
  EXPECT_THAT(mail()[0]["body"].get<std::string>(),
              AllOf(HasSubstr(tree + "\n"), HasSubstr("(60 days)")));
  // A run that began later than the sweep might be its tree's.
  ASSERT_EQ(letters().size(), 1U);
  const auto written = std::chrono::system_clock::now() - std::chrono::hours(2);
  change_letter("written", std::chrono::system_clock::to_time_t(written));
  mailstow_.restore_json({"sweep"});
  EXPECT_THAT(letters(), IsEmpty());
  EXPECT_EQ(mail().size(), 1U);
}

TEST_F(UserMailTest, ForgetsTreesThatAreGone) {
  run({"--expire-after", "1h"});
  const base::Path marks = mailstow_.index() / "user-mail";
  EXPECT_FALSE(std::filesystem::is_empty(marks));
  for (const auto& record : std::filesystem::directory_iterator(mailstow_.store() / "trees")) {
    std::filesystem::remove(record.path());
  }
  mailstow_.restore_json({"sweep"});
  EXPECT_TRUE(std::filesystem::is_empty(marks));
}

}  // namespace
}  // namespace restore
