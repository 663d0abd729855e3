// A server that offers IMAP4rev1 and nothing else: everything works, only more slowly.
#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/programs/receipts.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/relay.h"

namespace backupd {
namespace {

using programs::json;
using testing::IsEmpty;

class BareServerTest : public testing::Test {
 public:
  BareServerTest() {
    mailstow_.config()["servers"]["main"]["url"] = relay_.url();
    mailstow_.config()["servers"]["main"]["tls"] = "none";
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.save();
    mailstow_.make_store();
  }

  ~BareServerTest() override { EXPECT_THAT(relay_.breaches(), IsEmpty()); }

  json once() { return mailstow_.backupd_json({"once"})["accounts"][0]; }
  servers::AccountState state() { return servers::account_state(server_, "alice"); }

  void expect_receipts(const json& account) {
    EXPECT_EQ(account["status"], "complete") << account.dump(2);
    programs::expect_receipts(account, state());
  }

  // The messages of the folder in the newest snapshot, by UID.
  std::vector<std::string> flags_of(const std::string& folder, std::uint32_t uid) {
    const json messages = mailstow_.restore_json({"messages", "alice", folder})["messages"];
    for (const json& message : messages) {
      if (message["uid"] == uid) return message["flags"];
    }
    return {"no such message"};
  }

  servers::Dovecot server_;
  servers::Relay relay_{server_, {.offer = servers::Offer::kImap4rev1}};
  programs::Installation mailstow_{server_};
};

TEST_F(BareServerTest, BacksUpAndFetchesNothingTwice) {
  servers::fill_account(server_, "alice", 120);
  const json first = once();
  EXPECT_EQ(first["new_messages"], 120);
  expect_receipts(first);
  const json second = once();
  EXPECT_EQ(second["fetched_bytes"], 0);
  EXPECT_EQ(second["receipts"], first["receipts"]);
}

TEST_F(BareServerTest, SeesFlagsMovesDeletionsAndNewMail) {
  servers::MailGenerator mail(5);
  auto alice = server_.client("alice");
  alice.command("CREATE Moved");
  std::vector<servers::Delivery> letters;
  for (int letter = 0; letter < 5; ++letter) letters.push_back({mail.text(2'000)});
  alice.append("INBOX", letters);
  once();
  alice.command("SELECT INBOX");
  alice.command("UID STORE 2 +FLAGS (\\Flagged $Work)");
  once();
  EXPECT_EQ(flags_of("INBOX", 2), (std::vector<std::string>{"$Work", "\\Flagged"}));
  alice.command("UID STORE 2 FLAGS ()");
  alice.command("UID MOVE 3 Moved");
  alice.command("UID STORE 4 +FLAGS (\\Deleted)");
  alice.command("EXPUNGE");
  alice.append("INBOX", std::vector<servers::Delivery>{{mail.text(1'000)}});
  const json account = once();
  EXPECT_EQ(account["new_messages"], 1);
  expect_receipts(account);
  EXPECT_THAT(flags_of("INBOX", 2), IsEmpty());
}

TEST_F(BareServerTest, RestoresWithPlainLiteralsOneMessageAtATime) {
  servers::fill_account(server_, "alice", 60);
  server_.client("alice").command("CREATE {8+}\r\nsay \"hi\"");
  once();
  EXPECT_EQ(mailstow_.restore({"-q", "run", "alice", "--all"}).status, 6)
      << "the server reports no quota";
  mailstow_.config()["servers"]["main"]["quota"] = "none";
  mailstow_.save();
  const auto before = state();
  const json report = mailstow_.restore_json({"run", "alice", "--all"});
  std::size_t restored = 0;
  for (const json& folder : report["folders"]) {
    restored += folder["restored"].get<std::size_t>();
    EXPECT_EQ(folder["altered"], json::array());
    EXPECT_EQ(folder["skipped"], json::array());
  }
  EXPECT_EQ(restored, 60U);
  const std::string tree = report["tree"];
  const auto now = state();
  for (const auto& [raw_name, folder] : before.folders) {
    if (!folder.is_selectable) continue;
    const auto twin = now.folders.find(tree + "/" + raw_name);
    ASSERT_NE(twin, now.folders.end()) << raw_name;
    ASSERT_EQ(twin->second.messages.size(), folder.messages.size());
    for (std::size_t at = 0; at < folder.messages.size(); ++at) {
      EXPECT_TRUE(twin->second.messages[at].is_same_mail(folder.messages[at]));
    }
  }
  // The tree is left out of the next backup.
  EXPECT_EQ(once()["messages"], 60);
}

}  // namespace
}  // namespace backupd
