// `mailstow-backupd once` on Cyrus, in both styles of names, as each user and as a proxy for them.
#include "tests/servers/cyrus.h"

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/programs/receipts.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/mail_generator.h"

namespace backupd {
namespace {

using programs::find_by;
using programs::json;
using servers::NameStyle;

enum class LoginAs { kUser, kProxy };

class CyrusBackupTest : public testing::TestWithParam<std::tuple<NameStyle, LoginAs>> {
 protected:
  CyrusBackupTest() : server_(options()), mailstow_(server_) {
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    if (std::get<1>(GetParam()) == LoginAs::kUser) {
      mailstow_.config()["servers"]["main"].erase("admin");
      mailstow_.config()["accounts"][0]["password_file"] = server_.password_file("alice").string();
    }
    mailstow_.save();
    mailstow_.make_store();
  }

  static servers::CyrusOptions options() {
    servers::CyrusOptions options;
    options.names = std::get<0>(GetParam());
    return options;
  }

  std::string raw(std::string name) const {
    std::replace(name.begin(), name.end(), '/', server_.separator());
    return server_.personal_prefix() + name;
  }

  json once() { return mailstow_.backupd_json({"once"})["accounts"][0]; }

  void expect_receipts(const json& account) {
    EXPECT_EQ(account["status"], "complete") << account.dump(2);
    programs::expect_receipts(account, servers::account_state(server_, "alice"));
  }

  servers::Cyrus server_;
  programs::Installation mailstow_;
};

TEST_P(CyrusBackupTest, BacksUpEverythingAndThenTheChanges) {
  servers::fill_account(server_, "alice", 100);
  const json first = once();
  EXPECT_EQ(first["new_messages"], 100);
  expect_receipts(first);
  EXPECT_EQ(once()["fetched_bytes"], 0);

  servers::MailGenerator mail(5);
  auto alice = server_.client("alice");
  alice.command("CREATE " + servers::quote(raw("Archive/2031")));
  std::vector<servers::Delivery> letters;
  for (int letter = 0; letter < 3; ++letter) letters.push_back({mail.text(2'000)});
  alice.append(raw("Archive/2031"), letters);
  alice.command("SELECT INBOX");
  alice.command("STORE 1 +FLAGS (\\Flagged $Work)");
  alice.command("STORE 2 +FLAGS (\\Deleted)");
  alice.command("EXPUNGE");
  const json second = once();
  EXPECT_EQ(second["new_messages"], 3);
  expect_receipts(second);
  EXPECT_FALSE(find_by(second["receipts"], "folder", "Archive/2031").is_null());
}

// A proxy may still log in as a user whose mailbox is gone: Cyrus then lists nothing and says OK.
TEST_P(CyrusBackupTest, ADeletedMailboxIsNotAnEmptyAccount) {
  servers::fill_account(server_, "alice", 10);
  ASSERT_EQ(once()["status"], "complete");
  const json before = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
  const std::string mailbox = server_.admin_name("alice");
  auto admin = server_.client(servers::Cyrus::quota_admin());
  admin.command("SETACL " + servers::quote(mailbox) + " cyrus lrswipkxtecda");
  admin.command("DELETE " + servers::quote(mailbox));
  const json gone = mailstow_.backupd_json({"once"}, 1)["accounts"][0];
  EXPECT_EQ(gone["status"], "failed") << gone.dump(2);
  EXPECT_THAT(gone["error"].get<std::string>(), testing::HasSubstr("INBOX"));
  EXPECT_EQ(mailstow_.restore_json({"snapshots", "alice"})["snapshots"], before);
}

INSTANTIATE_TEST_SUITE_P(All, CyrusBackupTest,
                         testing::Combine(testing::Values(NameStyle::kBesideInbox,
                                                          NameStyle::kBelowInbox),
                                          testing::Values(LoginAs::kUser, LoginAs::kProxy)),
                         [](const auto& param) {
                           const bool is_beside =
                               std::get<0>(param.param) == NameStyle::kBesideInbox;
                           const bool is_user = std::get<1>(param.param) == LoginAs::kUser;
                           return std::string(is_beside ? "BesideInbox" : "BelowInbox") +
                                  (is_user ? "AsTheUser" : "AsAProxy");
                         });

// Cyrus lists what bob shares among alice's folders, and no longer says whose it is.
class SharedFolderTest : public testing::TestWithParam<NameStyle> {
 protected:
  static servers::CyrusOptions options() {
    servers::CyrusOptions options;
    options.names = GetParam();
    options.extra = "suppress_capabilities: NAMESPACE\n";
    return options;
  }

  std::string raw(const std::string& name) const { return server_.personal_prefix() + name; }

  servers::Cyrus server_{options()};
  programs::Installation mailstow_{server_};
};

TEST_P(SharedFolderTest, NoByteOfBobsIsInAlicesSnapshot) {
  servers::MailGenerator mail(6);
  auto alice = server_.client("alice");
  alice.command("CREATE " + raw("Mine"));
  alice.append(raw("Mine"), std::vector<servers::Delivery>{{mail.text(500)}});
  auto bob = server_.client("bob");
  const std::vector<std::pair<std::string, std::string>> shared = {{"Seen", "lrs"},
                                                                   {"Given", "lrswipkxtecda"}};
  for (const auto& [name, rights] : shared) {
    bob.command("CREATE " + raw(name));
    bob.append(raw(name), std::vector<servers::Delivery>{{"Subject: bob's\r\n\r\nhis\r\n"}});
    bob.command("SETACL " + raw(name) + " alice " + rights);
  }
  ASSERT_THAT(alice.command("LIST \"\" *"), testing::HasSubstr("Given")) << "alice sees it";

  mailstow_.make_store();
  const json report = mailstow_.backupd_json({"once", "--account", "alice"})["accounts"][0];
  EXPECT_EQ(report["status"], "complete") << report;
  EXPECT_EQ(report["messages"], 1) << report;
  EXPECT_THAT(report["warnings"].dump(),
              testing::AllOf(testing::HasSubstr("Seen"), testing::HasSubstr("Given"),
                             testing::HasSubstr("namespaces")));
  const json folders = mailstow_.restore_json({"folders", "alice"})["folders"];
  for (const json& folder : folders) {
    const std::string name = folder["folder"];
    EXPECT_THAT(name, testing::AnyOf("INBOX", "Mine", "INBOX/Mine")) << folder;
  }
  EXPECT_EQ(mailstow_.restore({"search", "alice", "bob's"}).status, 1) << "nothing is found";
}

INSTANTIATE_TEST_SUITE_P(All, SharedFolderTest,
                         testing::Values(NameStyle::kBesideInbox, NameStyle::kBelowInbox),
                         [](const auto& param) {
                           return param.param == NameStyle::kBesideInbox ? "BesideInbox"
                                                                         : "BelowInbox";
                         });

}  // namespace
}  // namespace backupd
