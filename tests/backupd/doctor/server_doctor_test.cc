// The findings of `doctor` for real servers: routes, logins, capabilities and quotas.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "backupd/doctor/checks.h"
#include "imap/account_login.h"
#include "imap/curl_transport.h"
#include "tests/backupd/doctor/doctor_fixture.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/delivery.h"
#include "tests/servers/relay.h"

namespace backupd {
namespace {

using std::chrono::days;
using testing::HasSubstr;

class ServerDoctorTest : public DoctorFixture {};

TEST_F(ServerDoctorTest, ReportsAServerThatIsDown) {
  server_.stop();
  EXPECT_THAT(failure_of("tcp"), HasSubstr("Connection refused"));
  EXPECT_FALSE(finding_in(report(3), "login", "failure").is_null());
}

TEST_F(ServerDoctorTest, ReportsAnUntrustedCertificate) {
  server_config()["ca_file"] = server_.stranger_ca_file().string();
  EXPECT_THAT(failure_of("tls"), HasSubstr("not trusted"));
  server_config()["ca_file"] = server_.ca_file().string();
  server_config()["url"] = server_.misnamed_url();
  EXPECT_THAT(failure_of("tls"), HasSubstr("not trusted"));
}

TEST_F(ServerDoctorTest, WarnsOfACertificateThatExpiresSoon) {
  base::ServerConfig config;
  config.ca_file = server_.ca_file();
  for (const std::string& url : {server_.imap_url(), server_.imaps_url()}) {
    config.url = url;
    const auto chain = imap::presented_certificates(imap::endpoint_of(config));
    ASSERT_FALSE(chain.empty());
    EXPECT_THAT(chain.front().subject, HasSubstr("localhost"));
    const auto state_before_expiry = [&](days left) {
      const auto now = chain.front().expires - left;
      return check_route("main", config, Resolver(), now)[1].state;
    };
    EXPECT_EQ(state_before_expiry(days(21)), FindingState::kOk);
    EXPECT_EQ(state_before_expiry(days(20)), FindingState::kWarning);
  }
}

TEST_F(ServerDoctorTest, WarnsOfPlainText) {
  server_config()["url"] = server_.plain_url();
  server_config()["tls"] = "none";
  EXPECT_THAT(warning_of("tls"), HasSubstr("plain text"));
}

TEST_F(ServerDoctorTest, ReportsAWrongPasswordOrUser) {
  const base::Path file = secret_file("password");
  std::ofstream(file) << "wrong\n";
  server_config()["admin"]["password_file"] = file.string();
  EXPECT_THAT(failure_of("login"), HasSubstr("the server refused"));
  server_config()["admin"]["password_file"] =
      server_.password_file(servers::Server::admin()).string();
  mailstow_.config()["accounts"].push_back({{"name", "nobody"}, {"server", "main"}});
  const json all = report(3);
  EXPECT_EQ(finding_in(all, "login", "failure")["subject"], "nobody");
  EXPECT_THAT(finding_in(all, "login", "failure")["remedy"].get<std::string>(),
              HasSubstr("login_trusted_networks"));
  EXPECT_THAT(finding_in(all, "login", "ok")["what"].get<std::string>(),
              HasSubstr("login succeeded for 1 of the 2 accounts tried"));
}

TEST_F(ServerDoctorTest, TriesOnlyAFewOfManyAccountsUnlessAllAreRequested) {
  for (int number = 0; number < 7; ++number) {
    mailstow_.config()["accounts"].push_back(
        {{"name", "bob" + std::to_string(number)}, {"server", "main"}, {"user", "bob"}});
  }
  const auto logins = [](const json& all) {
    return finding_in(all, "login", "ok")["what"].get<std::string>();
  };
  EXPECT_THAT(logins(report(3)), HasSubstr("5 of the 5 accounts tried"));
  EXPECT_THAT(logins(mailstow_.backupd_json({"doctor", "--all"}, 3)), HasSubstr("8 of the 8"));
}

TEST_F(ServerDoctorTest, WarnsOfExcludesAndOverridesThatMatchNothing) {
  server_.client("alice").command("CREATE Junk");
  mailstow_.config()["exclude"] = {"Junk", "inbox/*", "Inbox"};
  mailstow_.config()["overrides"] = {{{"match", {"ali*"}}, {"exclude", {"junk"}}},
                                     {{"match", {"bob*", "alice"}}, {"daily_bytes", 1'000'000}}};
  const json all = report();
  std::vector<std::string> warnings;
  for (const json& finding : all["findings"]) {
    if (finding["state"] == "warning") warnings.push_back(finding["what"]);
  }
  EXPECT_THAT(warnings, testing::IsSupersetOf({"inbox/* matches no folder, so it excludes nothing",
                                               "junk matches no folder, so it excludes nothing",
                                               "overrides: bob* matches no account"}));
  EXPECT_THAT(warnings, testing::Not(testing::Contains(testing::StartsWith("Junk"))));
  EXPECT_THAT(warnings, testing::Not(testing::Contains(testing::StartsWith("Inbox"))));
  EXPECT_THAT(warnings, testing::Not(testing::Contains(HasSubstr("ali"))));
}

TEST_F(ServerDoctorTest, AnExcludeForAllServersMustMatchAFolderOnOneOfThem) {
  server_.client("alice").command("CREATE Junk");
  mailstow_.config()["servers"]["other"] = server_config();
  mailstow_.config()["accounts"].push_back({{"name", "bob"}, {"server", "other"}});
  mailstow_.config()["exclude"] = {"Junk", "Trash"};
  mailstow_.save();
  back_up();
  std::vector<std::string> warnings;
  const json all = report();
  for (const json& finding : all["findings"]) {
    if (finding["check"] != "exclude") continue;
    warnings.push_back(finding["subject"].get<std::string>() + ": " +
                       finding["what"].get<std::string>());
  }
  EXPECT_THAT(warnings,
              testing::ElementsAre("main, other: Trash matches no folder, so it excludes nothing"));
}

TEST_F(ServerDoctorTest, NamesFoldersOutsideAllNamespaces) {
  server_.client("alice").command("CREATE Public");
  server_.client("alice").command("CREATE Users");
  EXPECT_TRUE(finding_in(report(), "namespaces", "warning").is_null());
  const servers::Relay relay(server_, {.offer = servers::Offer::kImap4rev1});  // without NAMESPACE
  server_config()["url"] = relay.url();
  server_config()["tls"] = "none";
  mailstow_.config()["exclude"] = {"Users"};
  EXPECT_EQ(warning_of("namespaces"),
            "not backed up, because they are in none of the account's namespaces: Public");
  server_config()["namespaces"] = {""};
  EXPECT_TRUE(finding_in(report(), "namespaces", "warning").is_null());
}

TEST_F(ServerDoctorTest, ReportsMissingCapabilitiesWithTheirCost) {
  const servers::Relay relay(server_, {.offer = servers::Offer::kImap4rev1});
  server_config()["url"] = relay.url();
  server_config()["tls"] = "none";
  server_config()["compress"] = "deflate";
  const json all = report();
  std::string warnings;
  for (const json& finding : all["findings"]) {
    if (finding["check"] == "capabilities") warnings += finding["what"].get<std::string>() + "\n";
  }
  for (const char* lacking : {"no UIDPLUS: ", "no QUOTA: ", "no COMPRESS=DEFLATE",
                              "without QRESYNC ", "without CONDSTORE ", "without LIST-STATUS ",
                              "without LITERAL+ ", "without MULTIAPPEND ", "without OBJECTID "}) {
    EXPECT_THAT(warnings, HasSubstr(lacking));
  }
  server_config()["quota"] = "none";
  EXPECT_THAT(report().dump(), testing::Not(HasSubstr("no QUOTA: ")));
}

TEST_F(ServerDoctorTest, VerifiesOnRequestThatRestoresDoNotCount) {
  servers::fill_account(server_, "alice", 5);
  back_up();
  const json all = mailstow_.backupd_json({"doctor", "--probe", "alice"});
  EXPECT_THAT(finding_in(all, "quota", "ok")["what"].get<std::string>(), HasSubstr("don't count"));
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"], json::array());
  EXPECT_EQ(mailstow_.backupd({"doctor", "--probe", "nobody"}).status, 2);
}

TEST_F(ServerDoctorTest, ReportsRestoredTreesWithoutARecord) {
  servers::fill_account(server_, "alice", 5);
  back_up();
  mailstow_.restore({"run", "alice", "--all"});  // this store has its record
  EXPECT_TRUE(finding_in(report(), "trees", "warning").is_null());
  auto alice = server_.client("alice");
  alice.command("CREATE RESTORED/20190101T000000/INBOX");
  alice.command("CREATE RESTORED/taxes");
  const std::string what = warning_of("trees");
  EXPECT_THAT(what, HasSubstr("no record: RESTORED/20190101T000000: another store made them"));
  for (const auto& record : std::filesystem::directory_iterator(mailstow_.store() / "trees")) {
    std::filesystem::remove(record);
  }
  EXPECT_THAT(warning_of("trees"), HasSubstr("RESTORED/20190101T000000, RESTORED/2"));
}

TEST_F(ServerDoctorTest, NeedsABackupForTheProbe) {
  const json all = mailstow_.backupd_json({"doctor", "--probe", "alice"}, 3);
  EXPECT_THAT(finding_in(all, "restore", "failure")["what"].get<std::string>(),
              HasSubstr("its backups contain no message"));
}

TEST(UnexemptDoctorTest, ReportsARestoreThatCounts) {
  servers::DovecotOptions options;
  options.exemption = servers::QuotaExemption::kNone;
  servers::Dovecot server(options);
  programs::Installation mailstow(server);
  servers::fill_account(server, "alice", 5);
  mailstow.make_store();
  mailstow.backupd({"once"});
  const json all = mailstow.backupd_json({"doctor", "--probe", "alice"}, 3);
  EXPECT_THAT(finding_in(all, "quota", "failure")["what"].get<std::string>(),
              HasSubstr("would count towards quota"));
  EXPECT_EQ(mailstow.restore_json({"trees"})["trees"], json::array());
}

class CyrusDoctorTest : public testing::Test {
 protected:
  CyrusDoctorTest() {
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.save();
    mailstow_.make_store();
    mailstow_.backupd({"once"});
  }

  json report(int status) {
    mailstow_.save();
    return mailstow_.backupd_json({"doctor"}, status);
  }

  void set_quota_admin(const std::string& name) {
    mailstow_.config()["servers"]["main"]["quota_admin"] = {
        {"user", name}, {"password_file", server_.password_file(name).string()}};
  }

  servers::Cyrus server_;
  programs::Installation mailstow_{server_};
};

TEST_F(CyrusDoctorTest, RecognisesTheOwnerOfAnAccount) {
  set_quota_admin(servers::Cyrus::quota_admin());
  const json all = report(0);
  EXPECT_THAT(finding_in(all, "login", "ok")["what"].get<std::string>(),
              HasSubstr("1 have the expected owner"));
  EXPECT_FALSE(finding_in(all, "quota", "ok").is_null());
}

TEST_F(CyrusDoctorTest, ReportsAnAccountThatNowBelongsToSomeoneElse) {
  mailstow_.config()["accounts"][0]["user"] = "bob";
  const json finding = finding_in(report(0), "identity", "warning");
  EXPECT_THAT(finding["what"].get<std::string>(), HasSubstr("not the one backed up on"));
}

TEST_F(CyrusDoctorTest, ReportsTwoAccountsWithTheSameMailbox) {
  mailstow_.config()["accounts"].push_back(
      {{"name", "second"}, {"server", "main"}, {"user", "ALICE"}});
  const json finding = finding_in(report(3), "identity", "failure");
  EXPECT_EQ(finding["subject"], "second");
  EXPECT_EQ(finding["what"], "its INBOX is also that of alice");
}

TEST_F(CyrusDoctorTest, ReportsAQuotaAdminWithoutAdminRights) {
  set_quota_admin(servers::Server::admin());
  const json finding = finding_in(report(3), "quota", "failure");
  EXPECT_THAT(finding["what"].get<std::string>(), HasSubstr("not an administrator"));
}

TEST(MungingDoctorTest, ReportsHeadersThatTheServerChanges) {
  servers::CyrusOptions options;
  options.header_bytes = servers::HeaderBytes::kKept;
  servers::Cyrus server(options);
  programs::Installation mailstow(server);
  mailstow.config()["servers"]["main"]["quota_admin"] = {
      {"user", servers::Cyrus::quota_admin()},
      {"password_file", server.password_file(servers::Cyrus::quota_admin()).string()}};
  mailstow.save();
  const std::vector<servers::Delivery> mail = {
      {.bytes = "From: a@example.org\r\nSubject: Gr\xc3\xbc\xc3\x9f"
                "e\r\n\r\nbody\r\n"}};
  server.client("alice").append("INBOX", mail);
  mailstow.make_store();
  mailstow.backupd({"once"});
  const json kept = mailstow.backupd_json({"doctor", "--probe", "alice"});
  EXPECT_THAT(finding_in(kept, "headers", "ok")["what"].get<std::string>(),
              HasSubstr("restored unchanged"));

  server.stop();
  server.set_header_bytes(servers::HeaderBytes::kMunged);  // as Cyrus is by default
  server.start();
  const json changed = mailstow.backupd_json({"doctor", "--probe", "alice"});
  EXPECT_FALSE(finding_in(changed, "headers", "warning").is_null()) << changed.dump(2);
}

}  // namespace
}  // namespace backupd
