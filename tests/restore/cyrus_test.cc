// Restoring on Cyrus, whose rules for quota, names and messages differ from Dovecot's.
#include "tests/servers/cyrus.h"

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/restore/kinds.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::json;
using servers::AccountState;
using servers::NameStyle;
using testing::HasSubstr;
using testing::Not;

class CyrusRestoreTest : public testing::TestWithParam<NameStyle> {
 protected:
  CyrusRestoreTest() : server_(options()), mailstow_(server_) {
    let_set_quotas(mailstow_, server_);
    mailstow_.make_store();
  }

  static servers::CyrusOptions options() {
    servers::CyrusOptions options;
    options.names = GetParam();
    options.header_bytes = servers::HeaderBytes::kKept;
    return options;
  }

  void back_up() { mailstow_.backupd_json({"once", "--account", "alice"}); }
  AccountState state() { return servers::account_state(server_, "alice"); }
  std::string raw(std::string name) const {
    std::replace(name.begin(), name.end(), '/', server_.separator());
    return server_.personal_prefix() + name;
  }

  void expect_whole_and_gone_again(std::size_t messages);

  servers::Cyrus server_;
  programs::Installation mailstow_;
};

void CyrusRestoreTest::expect_whole_and_gone_again(std::size_t messages) {
  servers::fill_account(server_, "alice", messages);
  const AccountState before = state();
  back_up();
  const json report = mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "1s"});
  EXPECT_EQ(report["quota"]["exempt"], true) << report["quota"];
  const AccountState now = state();
  EXPECT_EQ(now.usage, before.usage);
  EXPECT_EQ(now.not_below(raw("RESTORED"), server_.separator()), before.folders);
  std::size_t restored = 0;
  for (const json& folder : report["folders"]) {
    restored += folder["restored"].get<std::size_t>();
    EXPECT_EQ(folder["altered"], json::array()) << folder["source"];
    EXPECT_EQ(folder["skipped"], json::array()) << folder["source"];
  }
  EXPECT_EQ(restored, before.message_count());

  EXPECT_EQ(mailstow_.restore_json({"sweep"})["trees"][0]["finished"], true);
  EXPECT_EQ(state().folders, before.folders);
}

TEST_P(CyrusRestoreTest, RestoresAndSweepsTheCompleteTreeOutsideTheQuota) {
  expect_whole_and_gone_again(120);
}

// The hierarchy separator and the place of folders below INBOX are configured independently.
class CrossedStyleTest : public CyrusRestoreTest {};

TEST_P(CrossedStyleTest, RestoresAndSweepsTheCompleteTreeOutsideTheQuota) {
  expect_whole_and_gone_again(15);
}

TEST_P(CyrusRestoreTest, AMessageWithNulComesBackInABinaryLiteral) {
  auto alice = server_.client("alice");
  const std::string mail = std::string("Subject: nul\r\n\r\na") + '\0' + "b\r\n";
  const std::string size = std::to_string(mail.size());
  alice.command("APPEND INBOX ~{" + size + "+}\r\n" + mail);
  const AccountState before = state();
  back_up();
  const json report = mailstow_.restore_json({"run", "alice", "--folder", "INBOX"});
  const AccountState now = state();
  const std::string target = raw(report["folders"][0]["target"]);
  ASSERT_EQ(now.folders.count(target), 1U) << target;
  EXPECT_EQ(now.folders.at(target).messages.at(0).sha256,
            before.folders.at("INBOX").messages.at(0).sha256);
  EXPECT_EQ(report["folders"][0]["altered"], json::array()) << report["folders"][0];
}

TEST_P(CyrusRestoreTest, ASecondTreeIsExemptTooAndTheTreesBelongToTheirOwnerAlone) {
  servers::fill_account(server_, "alice", 10);
  back_up();
  mailstow_.restore_json({"run", "alice", "--all"});
  const json second = mailstow_.restore_json({"run", "alice", "--all"});
  EXPECT_EQ(second["quota"]["exempt"], true) << second["quota"];
  auto alice = server_.client("alice");
  const std::string rights = alice.command("GETACL " + servers::quote(raw("RESTORED")));
  EXPECT_THAT(rights, HasSubstr("alice"));
  EXPECT_THAT(rights, Not(HasSubstr(servers::Cyrus::quota_admin())));
  EXPECT_THAT(rights, Not(HasSubstr(servers::Server::admin())));
}

TEST_P(CyrusRestoreTest, AUsersOwnMailBelowRestoredStaysInTheQuota) {
  servers::fill_account(server_, "alice", 10);
  back_up();
  auto alice = server_.client("alice");
  alice.command("CREATE " + servers::quote(raw("RESTORED")));
  servers::MailGenerator mail(1);
  alice.append(raw("RESTORED"), std::vector<servers::Delivery>{{mail.text(300'000)}});
  const AccountState before = state();
  const auto result = mailstow_.restore({"-q", "run", "alice", "--all"});
  EXPECT_EQ(result.status, 6);
  EXPECT_THAT(result.err, HasSubstr("restore.tree"));
  EXPECT_EQ(state(), before) << "nothing was left behind";
}

TEST_P(CyrusRestoreTest, WithoutARightToSetQuotasItNamesTheSetting) {
  servers::fill_account(server_, "alice", 10);
  back_up();
  mailstow_.config()["servers"]["main"].erase("quota_admin");
  mailstow_.config()["servers"]["main"]["quota"] = "cyrus";
  mailstow_.save();
  const AccountState before = state();
  const auto result = mailstow_.restore({"-q", "run", "alice", "--all"});
  EXPECT_EQ(result.status, 6) << result.err;
  EXPECT_THAT(result.err, HasSubstr("quota_admin"));
  EXPECT_EQ(state(), before);
}

INSTANTIATE_TEST_SUITE_P(Styles, CyrusRestoreTest,
                         testing::Values(NameStyle::kBesideInbox, NameStyle::kBelowInbox),
                         [](const auto& style) {
                           return style.param == NameStyle::kBesideInbox ? "BesideInbox"
                                                                         : "BelowInbox";
                         });

INSTANTIATE_TEST_SUITE_P(Styles, CrossedStyleTest,
                         testing::Values(NameStyle::kBesideInboxByDot,
                                         NameStyle::kBelowInboxBySlash),
                         [](const auto& style) {
                           return style.param == NameStyle::kBesideInboxByDot ? "BesideInboxByDot"
                                                                              : "BelowInboxBySlash";
                         });

}  // namespace
}  // namespace restore
