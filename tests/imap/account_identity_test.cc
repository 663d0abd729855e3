#include "imap/account_identity.h"

#include <gtest/gtest.h>

#include "imap/account_login.h"
#include "tests/expect_error.h"
#include "tests/imap/fake_server.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/dovecot.h"

namespace imap {
namespace {

Identity identity(const std::vector<AclEntry>& rights) {
  return identity_of(rights, "alice", "backup");
}

TEST(AccountIdentityTest, TheUserWithAdminRightsOwnsInbox) {
  EXPECT_EQ(identity({{"alice", "lrswipkxtecda"}}), Identity::kProven);
  EXPECT_EQ(identity({{"backup", "lrswipkxtecda"}}), Identity::kOther);
  EXPECT_EQ(identity({{"backup", "lrswipkxtecda"}, {"Alice@example.org", "a"}}), Identity::kProven);
  EXPECT_EQ(identity({{"backup", "lr"}}), Identity::kUnknown) << "admins may read it";
  EXPECT_EQ(identity({{"backup", "lrswipkxtecda"}, {"alice", "lrswi"}}), Identity::kUnknown);
  EXPECT_EQ(identity({}), Identity::kUnknown);
  EXPECT_EQ(identity({{"owner", "lrswa"}}), Identity::kUnknown);
  EXPECT_EQ(identity_of(std::vector<AclEntry>{{"alice@a.org", "a"}}, "alice@b.org", "x"),
            Identity::kUnknown);
}

base::ServerConfig config_of(const servers::Server& server) {
  base::ServerConfig config;
  config.url = server.plain_url();
  config.tls = base::TlsMode::kNone;
  base::LoginConfig admin;
  admin.user = servers::Server::admin();
  admin.password.password_file = server.password_file(admin.user);
  config.admin = admin;
  return config;
}

base::AccountConfig account(const std::string& user) {
  base::AccountConfig config;
  config.name = config.user = user;
  return config;
}

TEST(AccountIdentityTest, RealServersRevealTheOwnerOfInbox) {
  servers::DovecotOptions with_acl;
  with_acl.extra =
      "mail_plugins = quota acl\nprotocol imap {\n mail_plugins = quota imap_quota acl "
      "imap_acl\n}\n"
      "plugin {\n acl = vfile\n acl_user = %u\n}\n";
  servers::Dovecot dovecot(with_acl);
  servers::Cyrus cyrus;
  for (const servers::Server* server :
       {static_cast<servers::Server*>(&dovecot), static_cast<servers::Server*>(&cyrus)}) {
    const base::ServerConfig config = config_of(*server);
    Session session = open_account(config, account("alice"));
    EXPECT_EQ(identity(session.inbox_rights()), Identity::kProven);
    session = open_account_and_list_ahead(config, account("alice"), "");
    EXPECT_FALSE(session.list_personal_folders().empty());
  }
}

TEST(AccountIdentityTest, RejectsALoginThatOpenedTheAdminsAccount) {
  servers::Dovecot dovecot;
  base::ServerConfig config = config_of(dovecot);
  const FakeServer forgetful([](FakeConnection& connection) {
    connection.send("* OK hello\r\n");
    connection.answer("OK done", "* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\r\n");
    connection.answer("OK welcome, backup");
    connection.answer("OK done", "* CAPABILITY IMAP4rev1 ACL\r\n");
    connection.answer("OK done", "* LIST () \"/\" \"\"\r\n");
    connection.answer("OK done", "* ACL INBOX backup lrswipkxtecda\r\n");
  });
  config.url = forgetful.url();
  EXPECT_ERROR(kLogin, "login of backup as alice: the server opened the account of backup",
               open_account(config, account("alice")));
}

}  // namespace
}  // namespace imap
