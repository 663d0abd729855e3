// Backups of Dovecot in forms other than the default, compared by an independent client.
#include "tests/servers/dovecot_forms.h"

#include <gmock/gmock.h>

#include "tests/backupd/pass/pass_runner.h"
#include "tests/servers/mail_generator.h"

namespace backupd {
namespace {

class DovecotFormTest : public testing::TestWithParam<servers::DovecotForm> {};

TEST_P(DovecotFormTest, IsExactTwice) {
  const servers::Dovecot server(GetParam().options);
  servers::MailGenerator mail(13);
  auto alice = server.client("alice");
  const std::string work = server.personal_prefix() + "Work" + server.separator() + "2023";
  const std::string drafts = server.personal_prefix() + "Entw&APw-rfe";
  for (const std::string& folder : {work, drafts}) {
    alice.command("CREATE " + servers::quote(folder));
  }
  for (const std::string& folder : {std::string("INBOX"), work, drafts}) {
    alice.append(folder, std::vector<servers::Delivery>{mail.delivery(), mail.delivery()});
  }
  PassRunner runner(server, "alice");
  for (int night = 0; night < 2; ++night) {
    const AccountReport report = runner.run();
    EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
    EXPECT_THAT(report.troubles, testing::IsEmpty());
    EXPECT_EQ(report.fetched_messages, night == 0 ? 6U : 0U);
    runner.expect_exact();
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, DovecotFormTest,
                         testing::Values(servers::dovecot_with_fs_layout(),
                                         servers::dovecot_with_mdbox_below_inbox(),
                                         servers::dovecot_with_caret(),
                                         servers::dovecot_with_mbox()),
                         [](const auto& form) { return std::string(form.param.name); });

}  // namespace
}  // namespace backupd
