// Messages that a damaged store lost are fetched again from a real server.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/programs/receipts.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/imap_client.h"

namespace backupd {
namespace {

namespace fs = std::filesystem;
using programs::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class RepairCommandTest : public testing::Test {
 protected:
  RepairCommandTest() {
    servers::fill_account(server_, "alice", 40);
    mailstow_.make_store();
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.save();
    mailstow_.backupd_json({"once"});
  }

  // Zeroes a tenth of the pack, starting at `share` of it.
  void damage(double share) {
    const base::Path pack = fs::directory_iterator(mailstow_.store() / "packs")->path();
    const auto size = static_cast<double>(fs::file_size(pack));
    std::fstream file(pack, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(size * share));
    const std::string zeros(static_cast<std::size_t>(size / 10), '\0');
    file.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
  }

  json once(int status = 0) { return mailstow_.backupd_json({"once"}, status)["accounts"][0]; }

  // Expects the newest snapshot to equal what an independent client sees.
  void expect_backed_up(const json& account) {
    programs::expect_receipts(account, servers::account_state(server_, "alice"));
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

// Damages different parts of the pack: the mail in the middle, the folders' objects near the end,
// and the trailer at the end, without which nothing is lost.
TEST_F(RepairCommandTest, RefetchesLostMessagesThatTheServerStillHas) {
  for (const double share : {0.3, 0.6, 0.9}) {
    SCOPED_TRACE(share);
    fs::remove_all(mailstow_.store());
    fs::remove_all(mailstow_.index());
    mailstow_.make_store();
    once();
    damage(share);
    EXPECT_EQ(4, mailstow_.backupd({"check", "--read-data"}).status);
    const auto repair = mailstow_.backupd({"check", "--repair"});
    EXPECT_THAT(repair.out, HasSubstr("No longer read, but still there: "));
    const json account = once();
    EXPECT_EQ("complete", account["status"]);
    expect_backed_up(account);
    // The history is restored too, since messages are found by their content; only the objects of
    // snapshots are not fetched again.
    const auto result = mailstow_.backupd({"check", "--read-data", "--json"});
    const json after = json::parse(result.out);
    EXPECT_EQ(after["damage"].empty() ? 0 : 4, result.status);
    EXPECT_THAT(after["damaged_messages"], IsEmpty());
    for (const json& line : after["damage"]) EXPECT_THAT(line.dump(), HasSubstr("read "));
  }
}

TEST_F(RepairCommandTest, KeepsReportingMessagesGoneFromTheServer) {
  damage(0.3);
  servers::ImapClient client = server_.client("alice");
  client.command("SELECT INBOX");
  client.command("STORE 1:* +FLAGS.SILENT (\\Deleted)");
  client.command("EXPUNGE");
  const json report = mailstow_.backupd_json({"check", "--repair"}, 4);
  EXPECT_THAT(report["repair"]["amended_accounts"], SizeIs(1));
  EXPECT_GT(report["repair"]["messages_to_fetch"], 0);
  expect_backed_up(once());
  const json after = mailstow_.backupd_json({"check", "--read-data"}, 4);
  EXPECT_THAT(after["damage"], IsEmpty());
  ASSERT_FALSE(after["damaged_messages"].empty());
  for (const json& message : after["damaged_messages"]) {
    EXPECT_EQ("INBOX", message["places"][0]["folder"]);
  }

  EXPECT_EQ(2, mailstow_.backupd({"check", "--drop-unreadable", "alice"}).status);
  const json dropped = mailstow_.backupd_json({"check", "--repair", "--drop-unreadable", "alice"});
  const json& given_up = dropped["repair"]["given_up"];
  ASSERT_FALSE(given_up.empty());
  for (const json& snapshot : given_up) {
    EXPECT_EQ(snapshot["account"], "alice");
    EXPECT_LT(snapshot["rest"]["messages"], snapshot["messages"]);
  }
  EXPECT_EQ(0, mailstow_.backupd({"prune"}).status);
}

// Even without a repair.
TEST_F(RepairCommandTest, ABackupSucceedsWithoutReadingItsLastSnapshot) {
  damage(0.85);
  EXPECT_EQ(4, mailstow_.backupd({"check", "--read-data"}).status);
  const json account = once();
  EXPECT_EQ("complete", account["status"]);
  expect_backed_up(account);
}

}  // namespace
}  // namespace backupd
