// `restore.tree` names another place: the user's tree is in a shared namespace.
#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/dovecot.h"

namespace restore {
namespace {

using programs::json;
using servers::AccountState;
using testing::HasSubstr;

// The number of messages in the folders below, as an independent client counts them.
std::size_t messages_below(servers::ImapClient& client, const std::string& top) {
  std::size_t messages = 0;
  const std::string listing =
      client.command("LIST \"\" \"" + top + "*\" RETURN (STATUS (MESSAGES))");
  for (auto at = listing.find("(MESSAGES "); at != std::string::npos;
       at = listing.find("(MESSAGES ", at + 1)) {
    messages += std::stoul(listing.substr(at + 10));
  }
  return messages;
}

void expect_tree_in(programs::Installation& mailstow, const servers::Server& server,
                    const std::string& place, const std::string& raw_top) {
  mailstow.config()["restore"]["tree"] = "%/" + place + "/RESTORED.{localpart}.{timestamp}";
  mailstow.save();
  mailstow.make_store();
  servers::fill_account(server, "alice", 40);
  const AccountState before = servers::account_state(server, "alice");
  mailstow.backupd_json({"once", "--account", "alice"});

  const json report = mailstow.restore_json({"run", "alice", "--all", "--expire-after", "1s"});
  EXPECT_EQ(report["quota"]["exempt"], true) << report["quota"];
  const std::string tree = report["tree"];
  const std::string shown_top =
      server.separator() == '.' ? "/RESTORED/alice/2" : "/RESTORED.alice.2";
  EXPECT_TRUE(tree.starts_with("%/" + place + shown_top)) << tree;
  std::size_t restored = 0;
  for (const json& folder : report["folders"]) restored += folder["restored"].get<std::size_t>();
  EXPECT_EQ(restored, before.message_count());
  auto alice = server.client("alice");
  EXPECT_EQ(messages_below(alice, raw_top), restored);
  EXPECT_EQ(servers::account_state(server, "alice").usage, before.usage);

  const json second = mailstow.restore_json({"run", "alice", "--all", "--expire-after", "1s"});
  EXPECT_NE(second["tree"], report["tree"]);
  mailstow.backupd_json({"once", "--account", "alice"});
  const json listed = mailstow.restore_json({"folders", "alice"});
  for (const json& folder : listed["folders"]) {
    EXPECT_THAT(folder["folder"].get<std::string>(), testing::Not(HasSubstr("RESTORED")));
  }
  const json swept = mailstow.restore_json({"sweep"});
  ASSERT_EQ(swept["trees"].size(), 2U);
  for (const json& tree_report : swept["trees"]) EXPECT_EQ(tree_report["finished"], true) << swept;
  EXPECT_EQ(messages_below(alice, raw_top), 0U);
  EXPECT_EQ(servers::account_state(server, "alice").folders, before.folders);
}

TEST(TemplateTest, ATreeMayBeInASharedNamespaceOfDovecot) {
  servers::DovecotOptions options;
  options.separator = '.';
  options.extra =
      "namespace shared {\n  type = public\n  separator = .\n  prefix = Public.\n"
      "  location = maildir:%h/../public\n  subscriptions = no\n}\n";
  const servers::Dovecot server(options);
  programs::Installation mailstow(server);
  expect_tree_in(mailstow, server, "Public", "Public.RESTORED.alice.");
}

TEST(TemplateTest, ATreeMayBeInASharedNamespaceOfCyrus) {
  const servers::Cyrus server;
  programs::Installation mailstow(server);
  auto cyrus = server.client(servers::Cyrus::quota_admin());
  cyrus.command("CREATE restored");
  cyrus.command("SETACL restored alice lrswipkxtecda");
  cyrus.command("SETACL restored anyone \"\"");
  expect_tree_in(mailstow, server, "Shared Folders/restored",
                 "Shared Folders/restored/RESTORED.alice.");
}

}  // namespace
}  // namespace restore
