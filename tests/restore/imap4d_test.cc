// Restoring on GNU imap4d with Maildirs, which drops the flags and dates of what is appended.
#include "tests/servers/imap4d.h"

#include <set>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/restore/expect_restored.h"
#include "tests/servers/account_state.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::json;

std::set<std::string> bodies(const servers::FolderState& folder) {
  std::set<std::string> digests;
  for (const auto& message : folder.messages) digests.insert(message.sha256);
  return digests;
}

TEST(Imap4dRestoreTest, EveryMessageComesBack) {
  const servers::Imap4d server(servers::MailFormat::kMaildir);
  programs::Installation mailstow(server, {"alice"});
  mailstow.config()["servers"]["main"]["quota"] = "none";
  mailstow.save();
  servers::MailGenerator mail(5);
  auto alice = server.client("alice");
  alice.command("CREATE Work");
  alice.append("Work", std::vector<servers::Delivery>{{mail.plain()}, {mail.plain()}});
  alice.command("SELECT Work");
  mailstow.make_store();
  mailstow.backupd_json({"once"});
  const auto result = mailstow.restore({"run", "alice", "--folder", "Work", "--json"});
  EXPECT_THAT(result.status, testing::AnyOf(0, 3)) << result.err;
  const json report = json::parse(result.out, nullptr, false);
  const servers::AccountState state = servers::account_state(server, "alice");
  const json& folder = report["folders"][0];
  EXPECT_EQ(folder["restored"], 2) << report;
  EXPECT_EQ(folder["skipped"], json::array()) << report;
  const servers::FolderState* const target = find_folder(state, folder["target"]);
  ASSERT_NE(target, nullptr) << report;
  EXPECT_EQ(bodies(*target), bodies(state.folders.at("Work")));
}

}  // namespace
}  // namespace restore
