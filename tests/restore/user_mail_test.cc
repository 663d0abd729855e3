// Mail to users about their restored trees, as a real mail server receives it.
#include <filesystem>
#include <fstream>
#include <regex>
#include <thread>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_server.h"

namespace restore {
namespace {

using programs::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

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
  mailstow_.config()["accounts"][0]["mail"] = "nobody@example.org";
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
