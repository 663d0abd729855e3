// Every configurable way to reach a server and to log in, on a real server.
#include <fmt/core.h>
#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/relay.h"
#include "tests/servers/socks.h"

namespace backupd {
namespace {

using programs::json;

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() {
    servers::fill_account(server_, "alice", 10);
    mailstow_.make_store();
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
  }

  json& server_config() { return mailstow_.config()["servers"]["main"]; }
  json& account_config() { return mailstow_.config()["accounts"][0]; }

  void expect_backup_and_restore() {
    mailstow_.save();
    const json report = mailstow_.backupd_json({"once"});
    EXPECT_EQ(report["accounts"][0]["new_messages"], 10) << report.dump(2);
    const json restored = mailstow_.restore_json({"run", "alice", "--all"});
    std::size_t messages = 0;
    for (const json& folder : restored["folders"])
      messages += folder["restored"].get<std::size_t>();
    EXPECT_EQ(messages, 10U) << restored.dump(2);
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(ConnectionTest, ByStarttlsAsTheAdmin) {
  expect_backup_and_restore();
}

TEST_F(ConnectionTest, ByTlsFromTheFirstByte) {
  server_config()["url"] = server_.imaps_url();
  expect_backup_and_restore();
}

TEST_F(ConnectionTest, InPlainTextIfConfigured) {
  server_config()["url"] = server_.plain_url();
  server_config()["tls"] = "none";
  expect_backup_and_restore();
}

// If this machine has no ::1, Dovecot's failure shows it.
TEST_F(ConnectionTest, OverIpv6) {
  const servers::Port port = servers::free_port("::1");
  const servers::Port tls_port = servers::free_port("::1");
  servers::DovecotOptions options;
  options.extra = fmt::format(R"(
service imap-login {{
  inet_listener imap-six {{
    address = ::1
    port = {}
  }}
  inet_listener imaps-six {{
    address = ::1
    port = {}
    ssl = yes
  }}
}}
)",
                              port.number(), tls_port.number());
  server_.restart(options);
  server_config()["url"] = fmt::format("imap://[::1]:{}", port.number());
  expect_backup_and_restore();
  server_config()["url"] = fmt::format("imaps://[::1]:{}", tls_port.number());
  mailstow_.save();
  EXPECT_EQ(mailstow_.backupd_json({"once"})["accounts"][0]["status"], "complete");
  const json findings = mailstow_.backupd_json({"doctor"}, 0)["findings"];
  EXPECT_THAT(findings.dump(), testing::HasSubstr("::1")) << findings.dump(2);
}

// The proxy gets the server's name unresolved, and passes its certificate on.
TEST_F(ConnectionTest, ThroughAProxyThatRequiresALogin) {
  const servers::Relay proxy(server_, {.way = servers::Way::kSocks});
  std::string url = server_.imaps_url();
  url.replace(url.find("127.0.0.1"), 9, "localhost");
  server_config()["url"] = url;
  server_config()["proxy"] = proxy.proxy_url();
  server_config()["proxy_login"] = {{"user", servers::kSocksUser},
                                    {"password_command", {"echo", servers::kSocksPassword}}};
  expect_backup_and_restore();
  EXPECT_GE(proxy.requests().size(), 2U);
  EXPECT_THAT(proxy.requests(), testing::Each("localhost"));
  server_config()["proxy_login"]["password_command"] = {"echo", "not it"};
  mailstow_.save();
  const auto refused = mailstow_.backupd({"-q", "once"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, testing::HasSubstr("check proxy and proxy_login"));

  // Without a configured proxy, the one that the environment names is used.
  server_config().erase("proxy");
  server_config().erase("proxy_login");
  mailstow_.save();
  const std::size_t before = proxy.requests().size();
  std::string url_with_login = proxy.proxy_url();
  url_with_login.insert(url_with_login.find("127"),
                        fmt::format("{}:{}@", servers::kSocksUser, servers::kSocksPassword));
  std::vector<std::string> command = {"env", "all_proxy=" + url_with_login};
  for (const std::string& word : mailstow_.backupd_command({"once"})) command.push_back(word);
  const auto by_environment = servers::run_program(command);
  EXPECT_EQ(by_environment.status, 0) << by_environment.err;
  EXPECT_GT(proxy.requests().size(), before);
}

TEST_F(ConnectionTest, WithTheAccountsOwnPasswordAndNoAdmin) {
  server_config().erase("admin");
  account_config()["password_file"] = server_.password_file("alice").string();
  expect_backup_and_restore();
}

TEST_F(ConnectionTest, WithThePasswordThatACommandPrints) {
  server_config().erase("admin");
  account_config()["password_command"] = {"cat", server_.password_file("alice").string()};
  expect_backup_and_restore();
}

TEST_F(ConnectionTest, UnderADifferentNameThanOnTheServer) {
  account_config()["name"] = "Alice Liddell";
  account_config()["user"] = "alice";
  mailstow_.save();
  const json report = mailstow_.backupd_json({"once"});
  EXPECT_EQ(report["accounts"][0]["account"], "Alice Liddell");
  EXPECT_EQ(report["accounts"][0]["new_messages"], 10);
}

TEST_F(ConnectionTest, CompressedIfTheServerSupportsIt) {
  servers::DovecotOptions options;
  options.extra = "protocol imap {\n  mail_plugins = quota zlib imap_quota imap_zlib\n}\n";
  server_.restart(options);
  server_config()["compress"] = "deflate";
  expect_backup_and_restore();
  EXPECT_THAT(server_.client("alice").command("CAPABILITY"),
              testing::HasSubstr("COMPRESS=DEFLATE"));
}

TEST_F(ConnectionTest, WithACertificateInsteadOfAPassword) {
  const servers::ClientCertificate certificate = server_.client_certificate("alice");
  servers::DovecotOptions options;
  options.extra = "ssl_ca = <" + server_.ca_file().string() + R"(
ssl_verify_client_cert = yes
auth_ssl_username_from_cert = yes
ssl_require_crl = no
auth_mechanisms = plain login cram-md5 external
passdb {
  driver = static
  mechanisms = external
  args = nopassword=yes
}
)";
  server_.restart(options);
  server_config().erase("admin");
  server_config()["client_certificate"] = {{"file", certificate.file.string()},
                                           {"key_file", certificate.key.string()}};
  account_config()["auth"] = "external";
  expect_backup_and_restore();
  // An unknown certificate is rejected.
  server_config()["client_certificate"] = {{"file", server_.stranger_ca_file().string()},
                                           {"key_file", server_.key_file().string()}};
  mailstow_.save();
  const auto refused = mailstow_.backupd({"-q", "once"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, testing::HasSubstr("alice: "));
  EXPECT_THAT(refused.err, testing::Not(testing::HasSubstr("check client_certificate")))
      << "the server must refuse it, not this side";
}

TEST_F(ConnectionTest, RefusesAnAccountWithoutAPasswordBeforeSendingAnything) {
  server_config().erase("admin");
  mailstow_.save();
  const auto result = mailstow_.backupd({"-q", "once"});
  EXPECT_EQ(result.status, 2) << result.err;
  EXPECT_THAT(result.err, testing::HasSubstr("password"));
}

}  // namespace
}  // namespace backupd
