// Mail from mailstow as received by a real mail server and parsed by a strict parser of RFC 5322.
#include "base/reporting/mailer.h"

#include <thread>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "base/reporting/outgoing_mail.h"
#include "base/reporting/transfer.h"
#include "base/utf8.h"
#include "tests/expect_error.h"
#include "tests/servers/mail_server.h"
#include "tests/temporary_directory.h"

namespace base {
namespace {

using nlohmann::json;
using servers::MailServer;
using servers::MailTls;
using testing::HasSubstr;

MailConfig config_of(const MailServer& server) {
  const json document = {{"mail", server.config()}};
  return *parse_reporting(document).mail;
}

class MailerTest : public testing::Test {
 protected:
  // Sends a mail and returns it as received.
  json sent(const OutgoingMail& mail) {
    Mailer(config_, system_clock()).send(mail);
    return server_.mail().back();
  }

  MailServer server_;
  MailConfig config_ = config_of(server_);
};

TEST_F(MailerTest, PassesAStrictParser) {
  const std::string umlauts =
      "Ihre Mail ist zur\xc3\xbc"
      "ck \xe2\x80\x94 \xe3\x83\xa1\xe3\x83\xbc\xe3\x83\xab \xf0\x9f\x93\xac, und das ist so lang, "
      "da\xc3\x9f es nicht in eine Zeile geht";
  const std::vector<std::string> subjects = {
      "mailstow on backup.example.org: backup complete",
      "",
      " two  blanks, and at the end ",
      "folded because it is a good deal longer than what fits into one line of seventy-eight bytes",
      std::string(200, 'x'),
      "=?UTF-8?Q?not_what_it_says?=",
      umlauts,
      "a_b=c?d"};
  for (const std::string& subject : subjects) {
    const json mail = sent({{"admin@example.org"}, subject, "body\n"});
    EXPECT_EQ(mail["wrong"], json::array()) << mail["raw"].get<std::string>();
    const std::string header = mail["headers"]["Subject"];
    // Blanks at the ends belong to the header, not to the subject.
    const auto trimmed = [](std::string text) {
      text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
      text.erase(text.find_last_not_of(' ') + 1);
      return text;
    };
    EXPECT_EQ(trimmed(header), trimmed(subject));
  }
  const json control = sent({{"admin@example.org"}, "one\r\nBcc: eve@example.org\x1b\x7f\xff", ""});
  EXPECT_EQ(control["wrong"], json::array());
  EXPECT_EQ(control["headers"]["Subject"], "one  Bcc: eve@example.org  \xef\xbf\xbd");
  EXPECT_FALSE(control["headers"].contains("Bcc"));
}

TEST_F(MailerTest, DeliversEveryBodyUnchanged) {
  const std::string umlauts =
      "Gr\xc3\xbc\xc3\x9f"
      "e aus \xe6\x9d\xb1\xe4\xba\xac\n";
  for (const std::string& body :
       {std::string("plain\n\n.\n..\n.leading dot\nFrom the start\n"), umlauts,
        std::string("blanks at the end  \t\nequals = and =3D\n") + umlauts,
        std::string(1'000, 'l') + "\n", std::string(75, 'y') + "\xc3\xbc\n",
        std::string(76, 'z') + "=\n"}) {
    const json mail = sent({{"admin@example.org"}, "a body", body});
    EXPECT_EQ(mail["wrong"], json::array()) << mail["raw"].get<std::string>();
    EXPECT_EQ(mail["body"], body);
  }
}

TEST_F(MailerTest, NamesTheSenderAndPreventsAutomaticReplies) {
  const json mail = sent({{"a@example.org", "b@example.org"}, "for two", "body\n"});
  const std::vector<json> both = server_.mail();
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0]["to"], json({"a@example.org"}));
  EXPECT_EQ(both[1]["to"], json({"b@example.org"}));
  EXPECT_EQ(both[0]["headers"]["Message-ID"], both[1]["headers"]["Message-ID"]);
  EXPECT_EQ(mail["headers"]["To"], "a@example.org, b@example.org");
  EXPECT_EQ(mail["headers"]["From"], "mailstow <backup@example.org>");
  EXPECT_EQ(mail["from"], "backup@example.org");
  EXPECT_EQ(mail["headers"]["Auto-Submitted"], "auto-generated");
  EXPECT_THAT(mail["headers"]["Message-ID"].get<std::string>(), HasSubstr("@backup.example.org>"));
  EXPECT_EQ(mail["hello"], "backup.example.org");
  EXPECT_EQ(mail["tls"], true);
  EXPECT_NE(sent({{"a@example.org"}, "again", ""})["headers"]["Message-ID"],
            mail["headers"]["Message-ID"]);
}

TEST_F(MailerTest, ARefusedRecipientDoesNotAffectTheOthers) {
  const Mailer mailer(config_, system_clock());
  EXPECT_ERROR(kRefused,
               "send mail to unknown@example.org: " + server_.url() +
                   ": the server refused: 550 5.1.1 no such user here",
               mailer.send({{"unknown@example.org", "b@example.org"}, "subject", "body\n"}));
  ASSERT_EQ(server_.mail().size(), 1U);
  EXPECT_EQ(server_.mail()[0]["to"], json({"b@example.org"}));
  EXPECT_ERROR(kConfig, "not a mail address", mailer.send({{"b@example.org\r\nX: y"}, "", ""}));
}

TEST_F(MailerTest, ReportsWhenTheServersCertificatesExpire) {
  const auto chain = greet_mail_server(config_, "backup.example.org");
  ASSERT_FALSE(chain.empty());
  EXPECT_THAT(chain.front().subject, HasSubstr("localhost"));
  EXPECT_GT(chain.front().expires, std::chrono::system_clock::now());
  EXPECT_TRUE(server_.mail().empty());
}

TEST_F(MailerTest, RejectsAnUntrustedCertificate) {
  config_.ca_file = server_.stranger_ca_file();
  EXPECT_ERROR(kTls, "the certificate is not trusted",
               Mailer(config_, system_clock()).send({{"a@example.org"}, "", ""}));
  EXPECT_TRUE(server_.mail().empty());
}

TEST(MailerLoginTest, LogsInOverTls) {
  const MailServer server({.tls = MailTls::kFromTheFirstByte, .password = "s3cret"});
  MailConfig config = config_of(server);
  Mailer(config, system_clock()).send({{"a@example.org"}, "subject", "body\n"});
  ASSERT_EQ(server.mail().size(), 1U);
  EXPECT_EQ(server.mail()[0]["user"], "mailstow");
  EXPECT_EQ(server.mail()[0]["tls"], true);
  config.login->auth = LoginMethod::kXoauth2;
  Mailer(config, system_clock()).send({{"a@example.org"}, "subject", "body\n"});
  ASSERT_EQ(server.mail().size(), 2U);
  EXPECT_EQ(server.mail()[1]["user"], "mailstow by token");
  config.login->auth = LoginMethod::kPassword;
  config.login->user = "eve";
  EXPECT_ERROR(kLogin, "check user and password",
               Mailer(config, system_clock()).send({{"a@example.org"}, "", ""}));
  EXPECT_ERROR(kLogin, "535", greet_mail_server(config, "backup.example.org"));
}

TEST(MailerPlainTest, UsesPlainTextOnlyIfConfigured) {
  const MailServer server({.tls = MailTls::kNone});
  MailConfig config = config_of(server);
  Mailer(config, system_clock()).send({{"a@example.org"}, "subject", "body\n"});
  ASSERT_EQ(server.mail().size(), 1U);
  EXPECT_EQ(server.mail()[0]["tls"], false);
  config.tls = TlsMode::kRequired;
  EXPECT_ERROR(kTls, "has no STARTTLS",
               Mailer(config, system_clock()).send({{"a@example.org"}, "", ""}));
  config.url = "smtp://127.0.0.1:1";
  EXPECT_ERROR(kNetwork, "check that the server runs",
               Mailer(config, system_clock()).send({{"a@example.org"}, "", ""}));
}

TEST(OutgoingMailBodyTest, IsValidTextWithoutCarriageReturns) {
  const std::string mail =
      to_rfc5322({{"a@example.org"}, "subject", "a\xff" + std::string(72, 'b') + "\r\rc\r\nd\n"},
                 "b@example.org", "backup.example.org", std::chrono::sys_seconds());
  EXPECT_THAT(mail, testing::EndsWith("\r\n\r\na=EF=BF=BD" + std::string(65, 'b') +
                                      "=\r\nbbbbbbb  c=20\r\nd\r\n"));
}

// The line lengths that RFC 5322, section 2.1.1, requires; and that no text can add a header field
// or end the header.
RC_GTEST_PROP(OutgoingMailTest, LinesAreShortAndAscii,
              (const std::string& subject, const std::string& body)) {
  const std::string mail = to_rfc5322({{"a@example.org"}, subject, body}, "b@example.org",
                                      "backup.example.org", std::chrono::sys_seconds());
  RC_ASSERT(mail.ends_with("\r\n"));
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = mail.find("\r\n", begin)) != std::string::npos;
       begin = end + 2) {
    RC_ASSERT(end - begin <= 78U);
    for (const char c : mail.substr(begin, end - begin)) {
      RC_ASSERT(c == '\t' || (c >= 0x20 && c < 0x7f));
    }
  }
  RC_ASSERT(mail.find("\r\n\r\n") == mail.find("\r\n\r\n", mail.find("MIME-Version: 1.0")));
}

}  // namespace
}  // namespace base
