// `doctor` on real servers: each test breaks one thing, and doctor has to say so.
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include <gmock/gmock.h>
#include <unistd.h>

#include "backupd/doctor_checks.h"
#include "backupd/mail_checks.h"
#include "backupd/server_checks.h"
#include "base/time_text.h"
#include "imap/account_login.h"
#include "imap/curl_transport.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/delivery.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_server.h"
#include "tests/servers/name_server.h"
#include "tests/servers/relay.h"

namespace backupd {
namespace {

namespace fs = std::filesystem;
using programs::json;
using std::chrono::days;
using std::chrono::sys_seconds;
using testing::HasSubstr;
using testing::IsEmpty;

// The first finding of the check in the state, or null.
json finding_in(const json& report, const std::string& check, const std::string& state) {
  for (const json& finding : report.at("findings")) {
    if (finding.at("check") == check && finding.at("state") == state) return finding;
  }
  return nullptr;
}

class DoctorTest : public testing::Test {
 protected:
  DoctorTest() {
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.save();
    mailstow_.backupd({"init"});
    back_up();
  }

  json& server_config() { return mailstow_.config()["servers"]["main"]; }

  void back_up() { mailstow_.backupd({"once"}); }

  json report(int status = 0) {
    mailstow_.save();
    return mailstow_.backupd_json({"doctor"}, status);
  }

  // What doctor says when something is broken: a failure, with something to do about it.
  std::string failure_of(const std::string& check, int status = 3) {
    const json all = report(status);
    const json finding = finding_in(all, check, "failure");
    EXPECT_FALSE(finding.is_null()) << all.dump(2);
    return finding.is_null() ? "" : finding.at("what").get<std::string>();
  }

  std::string warning_of(const std::string& check) {
    const json all = report();
    const json finding = finding_in(all, check, "warning");
    EXPECT_FALSE(finding.is_null()) << all.dump(2);
    return finding.is_null() ? "" : finding.at("what").get<std::string>();
  }

  static void set_mode(const base::Path& path, unsigned mode) {
    fs::permissions(path, static_cast<fs::perms>(mode));
  }

  // A file of the test's with a secret in it.
  base::Path secret_file(const std::string& name) {
    const base::Path path = mailstow_.folder() / name;
    std::ofstream(path) << servers::Server::password(servers::Server::admin()) << "\n";
    set_mode(path, 0600);
    return path;
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(DoctorTest, OfASoundInstallationNothingFails) {
  const json all = report();
  EXPECT_NE(all["status"], "failure");
  for (const char* check : {"configuration", "secret", "key", "store", "space", "dns", "login",
                            "capabilities", "alarm"}) {
    EXPECT_FALSE(finding_in(all, check, "ok").is_null()) << check << all.dump(2);
  }
  // A test's certificate is made for two days.
  EXPECT_THAT(finding_in(all, "tls", "warning").dump(), HasSubstr("localhost expires in "));
  EXPECT_TRUE(finding_in(all, "tls", "ok").is_null());
  const auto text = mailstow_.backupd({"doctor"});
  EXPECT_EQ(text.status, 0);
  EXPECT_THAT(text.out, HasSubstr("ok       configuration "));
  EXPECT_THAT(text.out, HasSubstr("0 failures, "));
}

TEST_F(DoctorTest, AConfigurationThatIsWrongIsTheFirstFinding) {
  mailstow_.config()["schedul"] = 1;
  EXPECT_THAT(failure_of("configuration", 2), HasSubstr("schedul"));
  mailstow_.config().erase("schedul");
  mailstow_.config()["schedule"]["backup"] = "at teatime";
  EXPECT_THAT(failure_of("configuration", 2), HasSubstr("at teatime"));
  mailstow_.config().erase("schedule");
  mailstow_.config()["accounts"] = json::array();
  EXPECT_THAT(failure_of("configuration", 2), HasSubstr("no accounts"));
}

TEST_F(DoctorTest, AConfigurationThatOthersMayChangeIsTold) {
  set_mode(mailstow_.config_file(), 0666);
  EXPECT_THAT(failure_of("configuration", 2), HasSubstr("its permissions are 0666"));
}

TEST_F(DoctorTest, ASecretThatIsMissingOrOthersMayReadIsTold) {
  const base::Path file = secret_file("password");
  server_config()["admin"]["password_file"] = file.string();
  set_mode(file, 0644);
  EXPECT_THAT(failure_of("secret", 2), HasSubstr("others may read it"));
  fs::remove(file);
  EXPECT_THAT(failure_of("secret", 2), HasSubstr("no such file"));
}

TEST_F(DoctorTest, ACredentialIsTheServicesAlone) {
  server_config()["quota_admin"] = {{"user", "quota"}, {"credential", "imap-password"}};
  const json all = report(3);
  EXPECT_THAT(finding_in(all, "secret", "warning")["subject"], "servers.main.quota_admin");
}

TEST_F(DoctorTest, AKeyThatIsMissingOrAnothersIsTold) {
  fs::rename(mailstow_.key_file(), mailstow_.folder() / "away");
  EXPECT_THAT(failure_of("key", 2), HasSubstr("store.key"));
  std::ofstream(mailstow_.key_file()) << std::string(64, 'a') << "\n";
  set_mode(mailstow_.key_file(), 0600);
  EXPECT_THAT(failure_of("key", 2), HasSubstr("key"));
}

TEST_F(DoctorTest, AKeyThatOthersMayReadIsTold) {
  set_mode(mailstow_.key_file(), 0640);
  EXPECT_THAT(warning_of("key"), HasSubstr("0640"));
  set_mode(mailstow_.key_file(), 0644);
  EXPECT_THAT(failure_of("key", 2), HasSubstr("0644"));
}

TEST_F(DoctorTest, AStoreThatIsMissingIsTold) {
  fs::remove_all(mailstow_.store());
  EXPECT_THAT(failure_of("store", 1), HasSubstr("there is none"));
}

TEST_F(DoctorTest, AnIndexThatIsMissingIsTold) {
  fs::remove(mailstow_.index() / "index.sqlite");
  const json finding = finding_in(report(1), "index", "failure");
  EXPECT_THAT(finding["remedy"].get<std::string>(), HasSubstr("reindex"));
}

TEST_F(DoctorTest, AnIndexThatIsRubbishIsDamage) {
  std::ofstream(mailstow_.index() / "index.sqlite") << std::string(100'000, 'x');
  EXPECT_THAT(failure_of("index", 4), HasSubstr("index.sqlite"));
}

TEST_F(DoctorTest, AStoreAndAnIndexThatOthersMayUseAreTold) {
  set_mode(mailstow_.store() / "packs", 0777);
  EXPECT_THAT(failure_of("store"), HasSubstr("0777: others may change it"));
  set_mode(mailstow_.store() / "packs", 0700);
  set_mode(mailstow_.index() / "index.sqlite", 0640);
  EXPECT_THAT(failure_of("index"), HasSubstr("0640: others may read"));
}

TEST_F(DoctorTest, AStrangersFilesInTheStoreAreTold) {
  const base::Path pack = fs::directory_iterator(mailstow_.store() / "packs")->path();
  // Only root can give files away; for others the store itself shows that its owner is looked at.
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(pack.c_str(), 65'534, 65'534), 0);
    EXPECT_THAT(failure_of("store"), HasSubstr(pack.filename().string() + " in it is "));
  } else {
    set_mode(mailstow_.store() / "packs", 0500);
    EXPECT_THAT(failure_of("store"), HasSubstr("can't write to it"));
    set_mode(mailstow_.store() / "packs", 0700);
  }
}

TEST_F(DoctorTest, ADiskThatIsFullOrNearlySoIsTold) {
  base::StoreConfig config;
  config.path = mailstow_.store();
  config.index = mailstow_.index();
  const auto free = fs::space(config.path).available;
  const auto first_finding = [&](std::uint64_t keep_free) {
    config.keep_free = keep_free;
    return look_at_free_space(config, base::real_file_system()).front();
  };
  EXPECT_THAT(first_finding(free + 100'000'000'000).what, HasSubstr("none is taken"));
  EXPECT_THAT(first_finding(free - 100'000'000).what, HasSubstr("are free; backups stop when"));
  EXPECT_EQ(first_finding(0).state, FindingState::kOk);
}

TEST_F(DoctorTest, AServerThatIsNotThereIsTold) {
  server_.stop();
  EXPECT_THAT(failure_of("tcp"), HasSubstr("Connection refused"));
  EXPECT_FALSE(finding_in(report(3), "login", "failure").is_null());
}

TEST_F(DoctorTest, ACertificateThatNobodyTrustsIsTold) {
  server_config()["ca_file"] = server_.stranger_ca_file().string();
  EXPECT_THAT(failure_of("tls"), HasSubstr("not to be trusted"));
  server_config()["ca_file"] = server_.ca_file().string();
  server_config()["url"] = server_.misnamed_url();
  EXPECT_THAT(failure_of("tls"), HasSubstr("not to be trusted"));
}

TEST_F(DoctorTest, ACertificateThatExpiresSoonIsTold) {
  base::ServerConfig config;
  config.ca_file = server_.ca_file();
  for (const std::string& url : {server_.imap_url(), server_.imaps_url()}) {
    config.url = url;
    const auto chain = imap::presented_certificates(imap::endpoint_of(config));
    ASSERT_FALSE(chain.empty());
    EXPECT_THAT(chain.front().subject, HasSubstr("localhost"));
    const auto state_before_expiry = [&](days left) {
      const auto now = chain.front().expires - left;
      return look_at_way("main", config, Resolver(), now)[1].state;
    };
    EXPECT_EQ(state_before_expiry(days(21)), FindingState::kOk);
    EXPECT_EQ(state_before_expiry(days(20)), FindingState::kWarning);
  }
}

TEST_F(DoctorTest, PlainTextIsTold) {
  server_config()["url"] = server_.plain_url();
  server_config()["tls"] = "none";
  EXPECT_THAT(warning_of("tls"), HasSubstr("plain text"));
}

TEST_F(DoctorTest, AWrongPasswordOrUserIsTold) {
  const base::Path file = secret_file("password");
  std::ofstream(file) << "wrong\n";
  server_config()["admin"]["password_file"] = file.string();
  EXPECT_THAT(failure_of("login"), HasSubstr("the server refused"));
  server_config()["admin"]["password_file"] =
      server_.password_file(servers::Server::admin()).string();
  mailstow_.config()["accounts"].push_back({{"name", "nobody"}, {"server", "main"}});
  const json all = report(3);
  EXPECT_EQ(finding_in(all, "login", "failure")["subject"], "nobody");
  EXPECT_THAT(finding_in(all, "login", "ok")["what"].get<std::string>(),
              HasSubstr("1 of the 2 accounts tried let us in"));
}

TEST_F(DoctorTest, OfManyAccountsAFewAreTriedUnlessAllAreAskedFor) {
  for (int number = 0; number < 7; ++number) {
    mailstow_.config()["accounts"].push_back(
        {{"name", "bob" + std::to_string(number)}, {"server", "main"}, {"user", "bob"}});
  }
  const auto logins = [](const json& all) {
    return finding_in(all, "login", "ok")["what"].get<std::string>();
  };
  EXPECT_THAT(logins(report(3)), HasSubstr("5 of the 5 accounts tried let us in"));
  EXPECT_THAT(logins(mailstow_.backupd_json({"doctor", "--all"}, 3)), HasSubstr("8 of the 8"));
}

TEST_F(DoctorTest, WhatAServerCannotIsToldWithItsCost) {
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

TEST_F(DoctorTest, AnAccountThatWasNotBackedUpForLongIsTold) {
  mailstow_.config()["guards"]["stale_after"] = "0s";
  EXPECT_THAT(failure_of("alarm"), HasSubstr("no successful backup since"));
  mailstow_.config().erase("guards");
  mailstow_.config()["accounts"].push_back({{"name", "bob"}, {"server", "main"}});
  EXPECT_THAT(failure_of("alarm"), HasSubstr("never backed up"));
}

TEST_F(DoctorTest, ARestoreThatDoesNotCountIsProvenWhenAskedFor) {
  servers::fill_account(server_, "alice", 5);
  back_up();
  const json all = mailstow_.backupd_json({"doctor", "--probe", "alice"});
  EXPECT_THAT(finding_in(all, "quota", "ok")["what"].get<std::string>(), HasSubstr("don't count"));
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"], json::array());
  EXPECT_EQ(mailstow_.backupd({"doctor", "--probe", "nobody"}).status, 2);
}

TEST_F(DoctorTest, WithoutABackupThereIsNothingToProbeWith) {
  const json all = mailstow_.backupd_json({"doctor", "--probe", "alice"}, 3);
  EXPECT_THAT(finding_in(all, "restore", "failure")["what"].get<std::string>(),
              HasSubstr("no backup of it"));
}

TEST(UnexemptDoctorTest, ARestoreThatCountsIsTold) {
  servers::DovecotOptions options;
  options.exemption = servers::QuotaExemption::kNone;
  servers::Dovecot server(options);
  programs::Installation mailstow(server);
  servers::fill_account(server, "alice", 5);
  mailstow.backupd({"init"});
  mailstow.backupd({"once"});
  const json all = mailstow.backupd_json({"doctor", "--probe", "alice"}, 3);
  EXPECT_THAT(finding_in(all, "quota", "failure")["what"].get<std::string>(),
              HasSubstr("would count towards quota"));
  EXPECT_EQ(mailstow.restore_json({"trees"})["trees"], json::array());
}

TEST_F(DoctorTest, AHintForTheResolverHasToBeAnAddress) {
  EXPECT_EQ(mailstow_.backupd({"doctor", "--resolver", "ns.example.org"}).status, 2);
}

TEST_F(DoctorTest, ASenderWhomNobodyBelievesIsTold) {
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

TEST_F(DoctorTest, AMailServerThatCannotBeSentThroughIsTold) {
  const servers::MailServer mail({.password = "s3cret"});
  const servers::NameServer dns({{}, {{"25.2.0.192.in-addr.arpa", "mail.example.test"}}});
  const auto look = [&](const std::string& check, const std::string& state,
                        const std::vector<std::string>& more = {}) {
    mailstow_.save();
    // The names of senders are another test's.
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
  EXPECT_EQ(look("mail", "ok"), "it lets us in");
  // A test's certificate is made for two days: the one of the IMAP server, and this.
  const json sound = json::parse(mailstow_.backupd({"doctor", "--json"}).out);
  std::string certificate;
  for (const json& finding : sound["findings"]) {
    if (finding["check"] == "tls" && finding["subject"] == mail.url()) {
      certificate += finding["what"].get<std::string>();
    }
  }
  EXPECT_THAT(certificate, HasSubstr("localhost expires in "));
  EXPECT_EQ(look("test mail", "failure", {"--send-test-mail"}), "there is nobody to send it to");
  mailstow_.config()["reports"]["to"] = {"admin@example.org"};
  look("test mail", "ok", {"--send-test-mail"});
  ASSERT_EQ(mail.mail().size(), 1U);
  EXPECT_EQ(mail.mail()[0]["wrong"], json::array());
  EXPECT_EQ(mail.mail()[0]["to"], json({"admin@example.org"}));
  EXPECT_EQ(mail.mail()[0]["headers"]["Subject"], "mailstow on backup.example.org: a test");
  mailstow_.config()["reports"]["to"] = {"nobody@example.org"};
  EXPECT_THAT(look("test mail", "failure", {"--send-test-mail"}), HasSubstr("no such user here"));

  config["ca_file"] = mail.stranger_ca_file().string();
  EXPECT_THAT(look("tls", "failure"), HasSubstr("not to be trusted"));
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

TEST(MailLineTest, MailInPlainTextToAnotherMachineIsTold) {
  base::MailConfig mail;
  mail.url = "smtp://192.0.2.25";
  EXPECT_TRUE(look_at_line(mail).empty()) << "STARTTLS is required";
  mail.tls = base::TlsConfig::kNone;
  ASSERT_EQ(look_at_line(mail).size(), 1U);
  EXPECT_EQ(look_at_line(mail).front().state, FindingState::kWarning);
  mail.url = "smtp://localhost:2525";
  EXPECT_TRUE(look_at_line(mail).empty());
}

TEST_F(DoctorTest, WhatKeepsTroubleFromBeingHeardOfIsTold) {
  EXPECT_EQ(warning_of("reports"), "nobody hears of trouble unless they look");
  const servers::MailServer mail({.tls = servers::MailTls::kNone});
  json& config = mailstow_.config();
  config["mail"] = mail.config();
  config["reports"]["to"] = {"nobody@example.org"};
  config["user_mail"]["restored"] = (mailstow_.folder() / "restored").string();
  config["hooks"] = {{{"command", {"true"}}}, {{"command", {"/nonexistent/hook", "x"}}}};
  config["metrics"]["file"] = "/nonexistent/folder/mailstow.prom";
  std::ofstream(mailstow_.folder() / "restored") << "Dear user\n";
  mailstow_.save();
  back_up();
  const json all = report(2);
  const auto told = [&](const std::string& check, const std::string& state = "failure") {
    const json finding = finding_in(all, check, state);
    EXPECT_FALSE(finding.is_null()) << check << all.dump(2);
    return finding.value("subject", "") + ": " + finding.value("what", "");
  };
  EXPECT_THAT(told("reports"), HasSubstr("backup: the last mail about it could not be sent: "));
  EXPECT_THAT(told("user mail"), HasSubstr("its first line has to be"));
  EXPECT_EQ(told("hook"), "/nonexistent/hook: this user can't run it, or it is not there");
  EXPECT_EQ(told("hook", "ok"), "true: it can be run");
  EXPECT_THAT(told("metrics"), HasSubstr("does not let us write"));

  std::ofstream(mailstow_.folder() / "restored") << "Subject: Your mail\n\nis back.\n";
  config["hooks"].erase(1);
  config["metrics"]["file"] = (mailstow_.folder() / "mailstow.prom").string();
  config["reports"]["to"] = {"admin@example.org"};
  mailstow_.save();
  back_up();
  const json sound = mailstow_.backupd_json({"doctor"}, mailstow_.backupd({"doctor"}).status);
  for (const char* check : {"reports", "user mail", "hook", "metrics"}) {
    EXPECT_TRUE(finding_in(sound, check, "failure").is_null()) << check << sound.dump(2);
    EXPECT_TRUE(finding_in(sound, check, "warning").is_null()) << check;
  }
}

// What starts backups, as systemctl tells it: a program of the test's.
class DoctorServiceTest : public DoctorTest {
 protected:
  std::string service_findings(const std::string& enabled_units) {
    const base::Path bin = mailstow_.folder() / "bin";
    fs::create_directory(bin);
    std::ofstream(bin / "systemctl")
        << "#!/bin/sh\ncase \"" << enabled_units << "\" in *\"$3\"*) exit 0;; esac\nexit 1\n";
    set_mode(bin / "systemctl", 0755);
    std::vector<std::string> command = {"env", "PATH=" + bin.string() + ":/usr/bin:/bin"};
    for (const std::string& word : mailstow_.backupd_command({"doctor", "--json"})) {
      command.push_back(word);
    }
    std::string text;
    const json document = json::parse(servers::run_program(command).out);
    for (const json& finding : document.at("findings")) {
      if (finding["check"] != "service") continue;
      text += finding["state"].get<std::string>() + " " + finding["subject"].get<std::string>() +
              ": " + finding["what"].get<std::string>() + "\n";
    }
    return text;
  }
};

TEST_F(DoctorServiceTest, NothingThatStartsBackupsIsTold) {
  EXPECT_THAT(service_findings(""), HasSubstr("warning : no daemon runs and no timer"));
}

TEST_F(DoctorServiceTest, ATimerThatIsMissingIsTold) {
  EXPECT_EQ(service_findings("mailstow-backup.timer mailstow-sweep.timer mailstow-check.timer"),
            "warning mailstow-prune.timer: not enabled: old snapshots stay\n");
  EXPECT_EQ(service_findings("mailstow-backup.timer mailstow-sweep.timer mailstow-prune.timer "
                             "mailstow-check.timer"),
            "ok timers: they are enabled\n");
}

TEST_F(DoctorServiceTest, ADaemonThatDiedIsTold) {
  EXPECT_EQ(service_findings("mailstow.service"),
            "failure mailstow.service: it is enabled, but no daemon runs\n");
}

TEST_F(DoctorServiceTest, ADaemonThatRunsIsAllRight) {
  for (const char* job : {"backup", "prune", "check", "sweep", "drill"}) {
    mailstow_.config()["schedule"][job] = "never";
  }
  mailstow_.save();
  const servers::Process daemon(mailstow_.backupd_command({"run"}), {"PATH=/usr/bin:/bin"},
                                {::getuid(), ::getgid()}, mailstow_.folder() / "log");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (mailstow_.backupd_json({"status"})["daemon"].is_null()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_THAT(service_findings(""), HasSubstr("ok daemon: it runs, since 20"));
}

class CyrusDoctorTest : public testing::Test {
 protected:
  CyrusDoctorTest() {
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.save();
    mailstow_.backupd({"init"});
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

TEST_F(CyrusDoctorTest, KnowsWhoseAccountItIs) {
  set_quota_admin(servers::Cyrus::quota_admin());
  const json all = report(0);
  EXPECT_THAT(finding_in(all, "login", "ok")["what"].get<std::string>(),
              HasSubstr("1 are known to be whose they should be"));
  EXPECT_FALSE(finding_in(all, "quota", "ok").is_null());
}

TEST_F(CyrusDoctorTest, AnAccountThatIsSomebodyElsesByNowIsTold) {
  mailstow_.config()["accounts"][0]["user"] = "bob";
  const json finding = finding_in(report(0), "identity", "warning");
  EXPECT_THAT(finding["what"].get<std::string>(), HasSubstr("another one than at the backup of"));
}

TEST_F(CyrusDoctorTest, TwoAccountsThatAreOneMailboxAreTold) {
  mailstow_.config()["accounts"].push_back(
      {{"name", "second"}, {"server", "main"}, {"user", "ALICE"}});
  const json finding = finding_in(report(3), "identity", "failure");
  EXPECT_EQ(finding["subject"], "second");
  EXPECT_EQ(finding["what"], "its INBOX is that of alice too");
}

TEST_F(CyrusDoctorTest, AQuotaAdminWhoIsNoneIsTold) {
  set_quota_admin(servers::Server::admin());
  const json finding = finding_in(report(3), "quota", "failure");
  EXPECT_THAT(finding["what"].get<std::string>(), HasSubstr("no administrator"));
}

TEST(MungingDoctorTest, HeadersThatTheServerChangesAreTold) {
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
  mailstow.backupd({"init"});
  mailstow.backupd({"once"});
  const json kept = mailstow.backupd_json({"doctor", "--probe", "alice"});
  EXPECT_THAT(finding_in(kept, "headers", "ok")["what"].get<std::string>(),
              HasSubstr("come back as they were"));

  server.stop();
  server.set_header_bytes(servers::HeaderBytes::kMunged);  // as Cyrus is by default
  server.start();
  const json changed = mailstow.backupd_json({"doctor", "--probe", "alice"});
  EXPECT_FALSE(finding_in(changed, "headers", "warning").is_null()) << changed.dump(2);
}

TEST(ClockCheckTest, AClockBehindWhatWasRecordedIsTold) {
  const sys_seconds noon = base::parse_time("2026-11-24T12:00", "UTC");
  const auto state = [&](sys_seconds now, std::optional<sys_seconds> recorded,
                         std::optional<ClockKeeping> keeping) {
    return look_at_clock(now, recorded, keeping).front().state;
  };
  EXPECT_EQ(state(noon, noon + days(1), ClockKeeping{true}), FindingState::kFailure);
  EXPECT_EQ(state(noon, noon - days(1), ClockKeeping{true}), FindingState::kOk);
  EXPECT_EQ(state(noon, std::nullopt, std::nullopt), FindingState::kOk);
  EXPECT_EQ(state(noon, noon, ClockKeeping{false}), FindingState::kWarning);
}

}  // namespace
}  // namespace backupd
