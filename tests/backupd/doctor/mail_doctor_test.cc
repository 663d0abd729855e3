// The findings of `doctor` for everything that notifies people of problems: mail, senders, hooks,
// metrics.
#include <fstream>

#include <gmock/gmock.h>

#include "backupd/doctor/checks.h"
#include "tests/backupd/doctor/doctor_fixture.h"
#include "tests/servers/mail_server.h"
#include "tests/servers/name_server.h"

namespace backupd {
namespace {

using testing::HasSubstr;

class MailDoctorTest : public DoctorFixture {};

TEST_F(MailDoctorTest, RejectsAResolverThatIsNotAnAddress) {
  EXPECT_EQ(mailstow_.backupd({"doctor", "--resolver", "ns.example.org"}).status, 2);
}

TEST_F(MailDoctorTest, ReportsASenderThatReceiversWillNotTrust) {
  const servers::NameServer dns(
      {{{"mail.example.test", "192.0.2.25"}}, {{"25.2.0.192.in-addr.arpa", "mail.example.test"}}});
  const servers::MailServer mail;
  mailstow_.config()["mail"] = mail.config();
  mailstow_.config()["mail"]["hello_name"] = "mail.example.test";
  mailstow_.save();
  const auto from = [&](const std::string& address, int status) {
    return mailstow_.backupd_json(
        {"doctor", "--resolver", dns.endpoint(), "--outgoing-address", address}, status);
  };
  EXPECT_FALSE(finding_in(from("192.0.2.25", 0), "sending address", "ok").is_null());
  EXPECT_EQ(finding_in(from("192.0.2.7", 3), "sending address", "failure")["subject"], "192.0.2.7");
}

TEST_F(MailDoctorTest, ReportsAMailServerThatDoesNotAcceptMail) {
  const servers::MailServer mail({.password = "s3cret"});
  const servers::NameServer dns({{}, {{"25.2.0.192.in-addr.arpa", "mail.example.test"}}});
  const auto look = [&](const std::string& check, const std::string& state,
                        const std::vector<std::string>& more = {}) {
    mailstow_.save();
    // Another test covers the names of senders.
    std::vector<std::string> arguments = {
        "doctor", "--resolver", dns.endpoint(), "--outgoing-address", "10.0.0.1", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const json all = json::parse(mailstow_.backupd(arguments).out);
    const json finding = finding_in(all, check, state);
    EXPECT_FALSE(finding.is_null()) << all.dump(2);
    return finding.value("what", "");
  };
  json& config = mailstow_.config()["mail"];
  config = mail.config();
  EXPECT_EQ(look("mail", "ok"), "login succeeded");
  // Certificates of tests are valid for two days: that of the IMAP server, and this one.
  const json sound = json::parse(mailstow_.backupd({"doctor", "--json"}).out);
  std::string certificate;
  for (const json& finding : sound["findings"]) {
    if (finding["check"] == "tls" && finding["subject"] == mail.url()) {
      certificate += finding["what"].get<std::string>();
    }
  }
  EXPECT_THAT(certificate, HasSubstr("localhost expires in "));
  EXPECT_EQ(look("test mail", "failure", {"--send-test-mail"}), "no recipients are configured");
  mailstow_.config()["reports"]["to"] = {"admin@example.org"};
  look("test mail", "ok", {"--send-test-mail"});
  ASSERT_EQ(mail.mail().size(), 1U);
  EXPECT_EQ(mail.mail()[0]["wrong"], json::array());
  EXPECT_EQ(mail.mail()[0]["to"], json({"admin@example.org"}));
  EXPECT_EQ(mail.mail()[0]["headers"]["Subject"], "mailstow on backup.example.org: a test");
  mailstow_.config()["reports"]["to"] = {"unknown@example.org"};
  EXPECT_THAT(look("test mail", "failure", {"--send-test-mail"}), HasSubstr("no such user here"));

  config["ca_file"] = mail.stranger_ca_file().string();
  EXPECT_THAT(look("tls", "failure"), HasSubstr("not trusted"));
  config["ca_file"] = mail.ca_file().string();
  config["login"]["user"] = "eve";
  EXPECT_THAT(look("mail", "failure"), HasSubstr("refused the login"));
  config["url"] = "smtp://127.0.0.1:1";
  EXPECT_THAT(look("mail", "failure"), HasSubstr("check that the server runs"));

  mailstow_.config().erase("mail");
  mailstow_.config().erase("reports");
  mailstow_.save();
  EXPECT_EQ(mailstow_.backupd({"doctor", "--send-test-mail"}).status, 2);
}

TEST(MailLineTest, WarnsOfMailInPlainTextToAnotherMachine) {
  base::MailConfig mail;
  mail.url = "smtp://192.0.2.25";
  EXPECT_TRUE(check_encryption(mail).empty()) << "STARTTLS is required";
  mail.tls = base::TlsMode::kNone;
  ASSERT_EQ(check_encryption(mail).size(), 1U);
  EXPECT_EQ(check_encryption(mail).front().state, FindingState::kWarning);
  mail.url = "smtp://localhost:2525";
  EXPECT_TRUE(check_encryption(mail).empty());
}

TEST_F(MailDoctorTest, ReportsWhatPreventsNotifications) {
  EXPECT_EQ(warning_of("reports"), "no one is notified of problems");
  const servers::MailServer mail({.tls = servers::MailTls::kNone});
  json& config = mailstow_.config();
  config["mail"] = mail.config();
  config["reports"]["to"] = {"unknown@example.org"};
  config["user_mail"]["restored"] = (mailstow_.directory() / "restored").string();
  config["hooks"] = {{{"command", {"true"}}},
                     {{"command", {"/nonexistent/hook", "x"}}},
                     {{"url", "https://127.0.0.1:1"}, {"ca_file", "/nonexistent/ca.pem"}}};
  config["metrics"]["file"] = "/nonexistent/folder/mailstow.prom";
  std::ofstream(mailstow_.directory() / "restored") << "Dear user\n";
  mailstow_.save();
  back_up();
  const json all = report(2);
  const auto finding_of = [&](const std::string& check, const std::string& state = "failure") {
    const json finding = finding_in(all, check, state);
    EXPECT_FALSE(finding.is_null()) << check << all.dump(2);
    return finding.value("subject", "") + ": " + finding.value("what", "");
  };
  EXPECT_THAT(finding_of("reports"),
              HasSubstr("backup: the last mail about it could not be sent: "));
  EXPECT_THAT(finding_of("user mail"), HasSubstr("its first line must be"));
  EXPECT_EQ(finding_of("hook"), "/nonexistent/hook: this user can't run it, or it does not exist");
  EXPECT_EQ(finding_of("hook", "ok"), "true: executable");
  const json unread = programs::find_by(all["findings"], "subject", "/nonexistent/ca.pem");
  EXPECT_EQ(unread["what"], "this user can't read it, or it does not exist");
  EXPECT_THAT(finding_of("metrics"), HasSubstr("is not writable"));

  std::ofstream(mailstow_.directory() / "restored") << "Subject: Your mail\n\nis back.\n";
  config["hooks"].erase(2);
  config["hooks"].erase(1);
  config["metrics"]["file"] = (mailstow_.directory() / "mailstow.prom").string();
  config["reports"]["to"] = {"admin@example.org"};
  mailstow_.save();
  back_up();
  const json sound = mailstow_.backupd_json({"doctor"}, mailstow_.backupd({"doctor"}).status);
  for (const char* check : {"reports", "user mail", "hook", "metrics"}) {
    EXPECT_TRUE(finding_in(sound, check, "failure").is_null()) << check << sound.dump(2);
    EXPECT_TRUE(finding_in(sound, check, "warning").is_null()) << check;
  }
}

}  // namespace
}  // namespace backupd
