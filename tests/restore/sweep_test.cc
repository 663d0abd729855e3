// `mailstow-restore sweep` on a real server: it deletes what mailstow made, and nothing else.

#include <chrono>
#include <filesystem>

#include <gmock/gmock.h>

#include "base/file_system.h"
#include "store/tree_record.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;
using servers::AccountState;

class SweepTest : public testing::Test {
 protected:
  SweepTest() {
    servers::fill_account(server_, "alice", 40);
    mailstow_.make_store();
    mailstow_.backupd_json({"once", "--account", "alice"});
  }

  // A tree that is due at once.
  std::string expired_tree() {
    const json report = mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "1s"});
    return report["tree"];
  }

  template <typename Change>
  void change_records(Change change) {
    auto records = store::TreeRecords::open(
        {mailstow_.store(), mailstow_.index(), mailstow_.key_file()}, base::real_file_system());
    for (store::TreeRecord& record : records.list().records) {
      change(record);
      records.put(record);
    }
  }

  void put_trees_below_inbox() {
    mailstow_.config()["restore"]["tree"] = "inbox/RESTORED/{timestamp}";
    mailstow_.config()["servers"]["main"]["quota"] = "none";
    mailstow_.save();
  }

  json sweep(int status = 0) { return mailstow_.restore_json({"sweep"}, status); }

  AccountState state() { return servers::account_state(server_, "alice"); }

  std::size_t trees() { return mailstow_.restore_json({"trees"})["trees"].size(); }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(SweepTest, DeletesOnlyTheExpiredTree) {
  const AccountState before = state();
  const std::string tree = expired_tree();
  EXPECT_GT(state().below(tree, '/').size(), 5U);
  const json report = sweep();
  EXPECT_EQ(report["trees"][0]["tree"], tree);
  EXPECT_EQ(report["trees"][0]["finished"], true);
  EXPECT_EQ(state(), before);
  EXPECT_EQ(trees(), 0U);
}

// Dovecot lists what is below "inbox" as below "INBOX".
TEST_F(SweepTest, DeletesATreeBelowInboxInAnyCase) {
  put_trees_below_inbox();
  const AccountState before = state();
  const std::string tree = expired_tree();
  EXPECT_THAT(tree, testing::StartsWith("INBOX/RESTORED/"));
  EXPECT_GT(state().below(tree, '/').size(), 5U);
  EXPECT_EQ(sweep()["trees"][0]["finished"], true);
  EXPECT_EQ(state(), before);
  EXPECT_EQ(trees(), 0U);
}

TEST_F(SweepTest, ATreeThatIsRecordedBelowInboxInAnotherCaseIsNotBackedUpAndDeleted) {
  put_trees_below_inbox();
  const AccountState before = state();
  expired_tree();
  change_records([](store::TreeRecord& record) {
    const auto make_lower = [](std::string& name) {
      if (name.starts_with("INBOX/")) name.replace(0, 5, "inbox");
    };
    make_lower(record.name);
    make_lower(record.raw_name);
    for (store::TreeLevel& level : record.levels) make_lower(level.raw_name);
  });
  mailstow_.backupd_json({"once", "--account", "alice"});
  EXPECT_THAT(mailstow_.restore_json({"folders", "alice"})["folders"].dump(),
              testing::Not(testing::HasSubstr("RESTORED")));
  const json swept = sweep();
  EXPECT_THAT(swept["trees"][0]["tree"].get<std::string>(), testing::StartsWith("inbox/RESTORED/"));
  EXPECT_EQ(swept["trees"][0]["finished"], true) << swept;
  EXPECT_EQ(state(), before);
  EXPECT_EQ(trees(), 0U);
}

TEST_F(SweepTest, ADryRunReportsAndDeletesNothing) {
  const std::string tree = expired_tree();
  const AccountState before = state();
  const json report = mailstow_.restore_json({"sweep", "--dry-run"});
  for (const json& level : report["trees"][0]["levels"]) {
    EXPECT_EQ(level["action"], "would be deleted") << level;
  }
  EXPECT_EQ(state(), before);
  EXPECT_EQ(trees(), 1U);
}

TEST_F(SweepTest, ATreeWhoseTimeIsNotOverStays) {
  mailstow_.restore_json({"run", "alice", "--all"});
  const AccountState before = state();
  EXPECT_EQ(sweep()["trees"].size(), 0U);
  EXPECT_EQ(state(), before);
  EXPECT_EQ(trees(), 1U);
}

TEST_F(SweepTest, AnExtendedTreeStays) {
  const std::string tree = expired_tree();
  EXPECT_EQ(mailstow_.restore({"extend", "alice", tree, "1h"}).status, 0);
  EXPECT_EQ(sweep()["trees"].size(), 0U);
  EXPECT_EQ(mailstow_.restore({"extend", "alice", "RESTORED/no-such", "1h"}).status, 1);
}

TEST_F(SweepTest, AnExtendedTreeStaysWhenItsOlderRecordIsPutBack) {
  const std::string tree = expired_tree();
  const auto trees = mailstow_.store() / "trees";
  const auto copy = mailstow_.store().parent_path() / "trees-copy";
  std::filesystem::copy(trees, copy);
  EXPECT_EQ(mailstow_.restore({"extend", "alice", tree, "30d"}).status, 0);
  const AccountState before = state();
  std::filesystem::remove_all(trees);
  std::filesystem::copy(copy, trees);
  const json report = sweep();
  EXPECT_EQ(report["trees"].size(), 0U);
  EXPECT_EQ(report["older_records"].size(), 1U);
  EXPECT_EQ(state(), before);
  EXPECT_THAT(mailstow_.restore({"trees"}).err, testing::HasSubstr("an older record"));
}

TEST_F(SweepTest, AUsersOwnRestoredFolderStays) {
  auto alice = server_.client("alice");
  alice.command("CREATE RESTORED");
  servers::MailGenerator mail(1);
  alice.append("RESTORED", std::vector<servers::Delivery>{{mail.plain()}});
  const AccountState before = state();
  expired_tree();
  sweep();
  EXPECT_EQ(state(), before);
}

TEST_F(SweepTest, ALaterTreeStaysWhenAnEarlierOneIsDeleted) {
  const std::string early = expired_tree();
  const json late = mailstow_.restore_json({"run", "alice", "--all"});
  const auto kept = state().below(late["tree"].get<std::string>(), '/');
  sweep();
  EXPECT_TRUE(state().below(early, '/').empty());
  EXPECT_EQ(state().below(late["tree"].get<std::string>(), '/'), kept);
  change_records([](store::TreeRecord& record) { record.expires = record.created; });
  sweep();
  EXPECT_TRUE(state().below("RESTORED", '/').empty()) << "the last tree takes the top with it";
}

TEST_F(SweepTest, AfterAClockJumpASweepDeletesOnlyWithNow) {
  const std::string tree = expired_tree();
  change_records([](store::TreeRecord& record) { record.created += std::chrono::hours(1); });
  const AccountState before = state();
  const auto result = mailstow_.restore({"sweep", "--json"});
  EXPECT_EQ(result.status, 3);
  EXPECT_THAT(result.err, testing::HasSubstr("--now"));
  EXPECT_EQ(json::parse(result.out)["trees"], json::array());
  EXPECT_EQ(state(), before);
  mailstow_.restore_json({"sweep", "--now"});
  EXPECT_TRUE(state().below(tree, '/').empty());
}

TEST_F(SweepTest, SweepsTreesWithoutTheIndex) {
  const std::string tree = expired_tree();
  std::filesystem::remove_all(mailstow_.index());
  sweep();
  EXPECT_TRUE(state().below(tree, '/').empty());
}

TEST_F(SweepTest, WithoutTheIndexMailOfTheUsersWaitsForTheNextBackup) {
  const std::string tree = expired_tree();
  servers::MailGenerator mail(1);
  server_.client("alice").append(tree + "/INBOX", std::vector<servers::Delivery>{{mail.plain()}});
  const auto before = state().folders.at(tree + "/INBOX");
  std::filesystem::remove_all(mailstow_.index());
  const json levels = sweep(3)["trees"][0]["levels"];
  EXPECT_THAT(find_by(levels, "folder", tree + "/INBOX")["why"].get<std::string>(),
              testing::HasSubstr("the next backup rebuilds it"));
  EXPECT_EQ(state().folders.at(tree + "/INBOX"), before);
  mailstow_.backupd_json({"once", "--account", "alice"});
  EXPECT_EQ(find_by(sweep()["trees"][0]["levels"], "folder", tree + "/INBOX")["rescued"], 1);
  EXPECT_TRUE(state().below(tree, '/').empty());
}

TEST_F(SweepTest, AFolderThatTheUserRecreatedStays) {
  const std::string tree = expired_tree();
  auto alice = server_.client("alice");
  alice.command("DELETE " + servers::quote(tree + "/INBOX"));
  alice.command("CREATE " + servers::quote(tree + "/INBOX"));
  servers::MailGenerator mail(1);
  alice.append(tree + "/INBOX", std::vector<servers::Delivery>{{mail.plain()}});
  const auto mine = state().folders.at(tree + "/INBOX");
  sweep();
  EXPECT_EQ(state().folders.at(tree + "/INBOX"), mine);
  EXPECT_EQ(state().below(tree, '/').size(), 2U) << "it and its parent";
}

TEST_F(SweepTest, MailThatTheUserPutThereIsRescuedFirst) {
  const std::string tree = expired_tree();
  servers::MailGenerator mail(1);
  const std::string precious = mail.plain();
  auto alice = server_.client("alice");
  alice.append(tree + "/INBOX", std::vector<servers::Delivery>{{precious, {"\\Flagged"}}});
  const json report = sweep();
  EXPECT_TRUE(state().below("RESTORED", '/').empty());
  EXPECT_EQ(find_by(report["trees"][0]["levels"], "folder", tree + "/INBOX")["rescued"], 1);
  const json snapshots = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
  const json rescue = find_by(snapshots, "kind", "rescue");
  ASSERT_FALSE(rescue.is_null());
  EXPECT_EQ(rescue["messages"], 1);
  EXPECT_EQ(rescue["bytes"], precious.size());

  const json told = find_by(report["trees"][0]["levels"], "folder", tree + "/INBOX");
  EXPECT_EQ(told["snapshots"], json::array({rescue["snapshot"]}));
  const json back = mailstow_.restore_json(
      {"run", "alice", "--all", "--at", rescue["snapshot"].get<std::string>()});
  const auto now = state();
  const auto messages = now.folders.at(back["folders"][0]["target"]).messages;
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_THAT(messages.front().flags, testing::Contains("\\Flagged"));
}

TEST_F(SweepTest, WhileTheStoreIsBusyForeignMailStaysUntilTheNextTime) {
  const std::string tree = expired_tree();
  servers::MailGenerator mail(1);
  server_.client("alice").append(tree + "/INBOX", std::vector<servers::Delivery>{{mail.plain()}});
  {
    const auto lock =
        base::real_file_system().try_lock(mailstow_.store() / "lock", base::LockMode::kExclusive);
    ASSERT_NE(lock, nullptr);
    sweep(5);
    EXPECT_EQ(state().folders.count(tree + "/INBOX"), 1U);
    EXPECT_EQ(trees(), 1U);
  }
  change_records([](store::TreeRecord& record) { record.expires -= std::chrono::hours(3); });
  const std::string alarm = mailstow_.backupd_json({"status"})["trees"]["alarm"];
  EXPECT_THAT(alarm, testing::HasSubstr("status 5: it reported: alice: " + tree + "/INBOX: 1 "));
  EXPECT_THAT(alarm, testing::HasSubstr("could not be rescued")) << "a dry run does not find that";
  sweep();
  EXPECT_TRUE(state().below("RESTORED", '/').empty());
  EXPECT_EQ(trees(), 0U);
}

TEST_F(SweepTest, AFolderThatTheUserMadeInsideStaysWithItsParents) {
  const std::string tree = expired_tree();
  auto alice = server_.client("alice");
  alice.command("CREATE " + servers::quote(tree + "/INBOX/mine"));
  sweep();
  EXPECT_EQ(state().folders.count(tree + "/INBOX/mine"), 1U);
  EXPECT_EQ(state().folders.at(tree + "/INBOX").messages.size(), 0U) << "what was restored is gone";
}

TEST_F(SweepTest, AServerThatIsDownKeepsTheTreeForTheNextTime) {
  expired_tree();
  server_.stop();
  sweep(1);
  server_.start();
  EXPECT_EQ(trees(), 1U);
  sweep();
  EXPECT_EQ(trees(), 0U);
}

}  // namespace
}  // namespace restore
