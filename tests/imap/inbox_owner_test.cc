#include "imap/inbox_owner.h"

#include <gtest/gtest.h>

#include "imap/account_login.h"
#include "tests/expect_error.h"
#include "tests/imap/fake_server.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/dovecot.h"

namespace imap {
namespace {

InboxOwner owner(const std::vector<AclEntry>& rights) {
  return owner_of_inbox(rights, "alice", "backup");
}

TEST(AccountIdentityTest, TheUserWithAdminRightsOwnsInbox) {
  EXPECT_EQ(owner({{"alice", "lrswipkxtecda"}}), InboxOwner::kAccount);
  EXPECT_EQ(owner({{"backup", "lrswipkxtecda"}}), InboxOwner::kAdmin);
  EXPECT_EQ(owner({{"backup", "lrswipkxtecda"}, {"Alice@example.org", "a"}}), InboxOwner::kAccount);
  EXPECT_EQ(owner({{"backup", "lr"}}), InboxOwner::kUnknown) << "admins may read it";
  EXPECT_EQ(owner({{"backup", "lrswipkxtecda"}, {"alice", "lrswi"}}), InboxOwner::kUnknown);
  EXPECT_EQ(owner({}), InboxOwner::kUnknown);
  EXPECT_EQ(owner({{"owner", "lrswa"}}), InboxOwner::kUnknown);
  EXPECT_EQ(owner_of_inbox(std::vector<AclEntry>{{"alice@a.org", "a"}}, "alice@b.org", "x"),
            InboxOwner::kUnknown);
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
    EXPECT_EQ(owner(session.inbox_rights()), InboxOwner::kAccount);
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
