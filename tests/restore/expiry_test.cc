// Reliable expiry: a tree is deleted in the end, even if its account left the configuration.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "base/file_system.h"
#include "store/tree_record.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/mail_server.h"

namespace restore {
namespace {

using programs::json;
using servers::AccountState;
using testing::HasSubstr;
using testing::Not;

class ExpiryTest : public testing::Test {
 protected:
  ExpiryTest() {
    servers::fill_account(server_, "alice", 10);
    mailstow_.config()["accounts"][0] = {{"name", "boss"}, {"server", "main"}, {"user", "alice"}};
    mailstow_.save();
    mailstow_.make_store();
    mailstow_.backupd_json({"once", "--account", "boss"});
  }

  // A tree that is due.
  std::string expired_tree() {
    const json report = mailstow_.restore_json({"run", "boss", "--all"});
    change_records([](store::TreeRecord& record) { record.expires = record.created; });
    return report["tree"];
  }

  void change_records(const std::function<void(store::TreeRecord&)>& change) {
    auto records = store::TreeRecords::open(
        {mailstow_.store(), mailstow_.index(), mailstow_.key_file()}, base::real_file_system());
    for (store::TreeRecord& record : records.list().records) {
      change(record);
      records.put(record);
    }
  }

  void remove_account() {
    mailstow_.config()["accounts"].erase(0);
    mailstow_.save();
  }

  AccountState state() { return servers::account_state(server_, "alice"); }
  json trees() { return mailstow_.restore_json({"trees"})["trees"]; }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(ExpiryTest, ATreeIsDeletedAfterItsAccountLeftTheConfiguration) {
  const AccountState before = state();
  expired_tree();
  remove_account();
  const json report = mailstow_.restore_json({"sweep"});
  EXPECT_EQ(report["trees"][0]["finished"], true) << report;
  EXPECT_EQ(state(), before);
  EXPECT_EQ(trees(), json::array());
}

TEST_F(ExpiryTest, ATreeOfAnOlderRecordWithoutTheUserIsNotConsideredGone) {
  expired_tree();
  change_records([](store::TreeRecord& record) { record.user.clear(); });
  remove_account();
  // The name of the account is another user's on the server, in whose mailbox there is no tree.
  change_records([](store::TreeRecord& record) { record.account = "bob"; });
  mailstow_.config()["accounts"] = json::array();
  mailstow_.save();
  const json report = mailstow_.restore_json({"sweep"}, 1);
  EXPECT_EQ(report["trees"][0]["finished"], false) << report;
  EXPECT_EQ(trees().size(), 1U);
}

TEST_F(ExpiryTest, ATreeThatNoSweepCanReachIsReportedOnceADayAndClosedAfterAMonth) {
  const std::string tree = expired_tree();
  const AccountState before = state();
  remove_account();
  std::string id;
  change_records([&](store::TreeRecord& record) {
    record.server = "old";
    id = record.id;
  });

  const auto by_hand = mailstow_.restore({"expire", "boss", tree});
  EXPECT_EQ(by_hand.status, 0) << by_hand.err;
  EXPECT_THAT(by_hand.out, HasSubstr("is due: no sweep can delete it: neither its account"));
  EXPECT_THAT(by_hand.out, Not(HasSubstr("the next sweep deletes it")));
  const auto first = mailstow_.restore({"sweep"});
  EXPECT_EQ(first.status, 3) << first.err;
  EXPECT_THAT(first.out, HasSubstr("neither its account nor the server old"));
  EXPECT_THAT(first.out, HasSubstr("mailstow-restore expire boss " + tree + " --forget-record"));
  const auto quiet = mailstow_.restore({"sweep"});
  EXPECT_EQ(quiet.status, 0);
  EXPECT_EQ(quiet.out, "No other tree is due.\n") << "an hour later";
  EXPECT_EQ(quiet.err, "");
  EXPECT_THAT(mailstow_.restore({"sweep", "--verbose"}).out,
              HasSubstr("neither its account nor the server old"))
      << "a person wants to know";
  EXPECT_THAT(trees()[0]["unreachable"].get<std::string>(), HasSubstr("server old"));
  EXPECT_THAT(mailstow_.restore({"trees"}).out,
              HasSubstr("\nboss: " + tree + ": no sweep has reached it since 20"));
  const json again = mailstow_.restore_json({"sweep"});
  EXPECT_THAT(again["trees"][0]["unreachable"].get<std::string>(), HasSubstr("server old"));
  EXPECT_EQ(again["trees"][0]["finished"], false);
  EXPECT_EQ(trees().size(), 1U);

  const auto days_ago = [](int days) {
    return std::chrono::duration_cast<std::chrono::seconds>(
               (std::chrono::system_clock::now() - std::chrono::days(days)).time_since_epoch())
        .count();
  };
  const base::Path memory = mailstow_.index() / "unreachable-trees.json";
  std::ofstream(memory) << json({{id, {days_ago(2), days_ago(1)}}}).dump();
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 3) << "a day later";
  std::ofstream(memory) << json({{id, {days_ago(31), days_ago(0)}}}).dump();
  const json closed = mailstow_.restore_json({"sweep"}, 3);
  EXPECT_EQ(closed["trees"][0]["record_closed"], true) << closed;
  EXPECT_EQ(trees(), json::array());
  EXPECT_EQ(state(), before) << "nothing was deleted";
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 0);
}

TEST_F(ExpiryTest, ARecordIsForgottenByHandAndItsFoldersStay) {
  const std::string tree = expired_tree();
  const AccountState before = state();
  const std::string timestamp = tree.substr(tree.rfind('/') + 1);
  EXPECT_EQ(mailstow_.restore({"expire", "boss", "20200101T000000", "--forget-record"}).status, 1);
  EXPECT_EQ(mailstow_.restore({"expire", "boss", timestamp, "--forget-record"}).status, 0);
  EXPECT_EQ(trees(), json::array());
  EXPECT_EQ(state(), before);
}

TEST_F(ExpiryTest, ATreeExpiresByHandAndASweepNamesTheNextOne) {
  const AccountState before = state();
  const std::string tree = mailstow_.restore_json({"run", "boss", "--all"})["tree"];
  const auto early = mailstow_.restore({"sweep"});
  EXPECT_THAT(early.out, HasSubstr("No tree is due. The next one expires "));
  EXPECT_THAT(early.out, HasSubstr("boss: " + tree));
  EXPECT_EQ(mailstow_.restore({"expire", "boss", tree}).status, 0);
  EXPECT_EQ(mailstow_.restore_json({"sweep"})["trees"].size(), 1U);
  EXPECT_EQ(state(), before);
}

TEST_F(ExpiryTest, ASweepThatNeverRanIsNoticedEverywhere) {
  const auto run = mailstow_.restore({"run", "boss", "--folder", "INBOX"});
  EXPECT_THAT(run.out, HasSubstr("WARNING: no sweep has run yet"));
  mailstow_.restore_json({"sweep"});
  const json swept = mailstow_.restore_json({"run", "boss", "--folder", "INBOX", "--dry-run"});
  EXPECT_EQ(swept["last_sweep"]["recent"], true) << swept;
  std::filesystem::remove(mailstow_.index() / "jobs/sweep.json");

  servers::MailServer mail_server;
  mailstow_.config()["mail"] = mail_server.config();
  mailstow_.config()["reports"]["to"] = {"admin@example.org"};
  mailstow_.save();
  constexpr const char* kAlarm = "a restored tree should be gone and is still there";
  change_records([](store::TreeRecord& record) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    record.expires = now - std::chrono::hours(1);
  });
  const json early = json::parse(mailstow_.backupd({"doctor", "--json"}).out)["findings"];
  EXPECT_EQ(programs::find_by(early, "subject", "trees")["state"], "warning") << early;
  EXPECT_THAT(programs::find_by(early, "subject", "trees").dump(), HasSubstr(kAlarm));
  EXPECT_EQ(mailstow_.backupd_json({"status"})["trees"]["alarm"], nullptr);

  change_records([](store::TreeRecord& record) { record.expires -= std::chrono::days(8); });
  const json status = mailstow_.backupd_json({"status"});
  EXPECT_EQ(status["trees"]["overdue"].size(), 1U);
  EXPECT_THAT(status["trees"]["alarm"].dump(), HasSubstr(kAlarm));
  EXPECT_THAT(mailstow_.backupd({"status"}).out, HasSubstr(std::string("ALARM: ") + kAlarm));
  EXPECT_THAT(mailstow_.backupd({"doctor"}).out, HasSubstr(kAlarm));
  EXPECT_THAT(mailstow_.backupd({"metrics"}).out, HasSubstr("mailstow_trees_overdue 1\n"));
  const json once = mailstow_.backupd_json({"once"});
  EXPECT_THAT(once["alarms"].dump(), HasSubstr(kAlarm));
  ASSERT_FALSE(mail_server.mail().empty());
  EXPECT_THAT(mail_server.mail().back()["body"].get<std::string>(),
              AllOf(HasSubstr(kAlarm), HasSubstr("Restored trees (1, 1 overdue), ")));
  mailstow_.restore_json({"sweep"});
  EXPECT_EQ(mailstow_.backupd_json({"status"})["trees"]["alarm"], nullptr);
}

TEST_F(ExpiryTest, NoTreeStaysLongerThanTheLongestStay) {
  const AccountState before = state();
  const auto refused = mailstow_.restore({"run", "boss", "--all", "--expire-after", "91d"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("restore.longest_stay"));
  EXPECT_EQ(state(), before);
  const std::string tree = mailstow_.restore_json({"run", "boss", "--all"})["tree"];
  EXPECT_EQ(mailstow_.restore({"extend", "boss", tree, "90d"}).status, 2);
  const auto extended =
      mailstow_.restore({"extend", "boss", tree.substr(tree.rfind('/') + 1), "80d"});
  EXPECT_EQ(extended.status, 0) << extended.err;
  EXPECT_THAT(extended.out, HasSubstr("(before: "));
  mailstow_.config()["restore"]["longest_stay"] = "365d";
  mailstow_.save();
  EXPECT_EQ(mailstow_.restore({"extend", "boss", tree, "90d"}).status, 0);
}

TEST_F(ExpiryTest, ATreeOfAnotherStoreIsBackedUpMarkedAndRestoredOnlyIfNamed) {
  const std::string tree = mailstow_.restore_json({"run", "boss", "--folder", "INBOX"})["tree"];
  mailstow_.restore({"expire", "boss", tree, "--forget-record"});  // as if another store made it
  mailstow_.backupd_json({"once", "--account", "boss"});
  const json folders = mailstow_.restore_json({"folders", "boss"})["folders"];
  EXPECT_EQ(programs::find_by(folders, "folder", tree + "/INBOX")["in_restored_tree"], true);
  EXPECT_EQ(programs::find_by(folders, "folder", "INBOX")["in_restored_tree"], false);
  const json all = mailstow_.restore_json({"run", "boss", "--all", "--dry-run"});
  EXPECT_TRUE(programs::find_by(all["folders"], "source", tree + "/INBOX").is_null()) << all;
  EXPECT_THAT(all["notes"].dump(), HasSubstr("not restored: " + tree));
  const json any = mailstow_.restore_json({"run", "boss", "--folder", "*", "--dry-run"});
  EXPECT_TRUE(programs::find_by(any["folders"], "source", tree + "/INBOX").is_null()) << any;
  EXPECT_THAT(any["notes"].dump(), HasSubstr("not restored: " + tree));
  const json named = mailstow_.restore_json({"run", "boss", "--folder", tree + "/*", "--dry-run"});
  EXPECT_FALSE(programs::find_by(named["folders"], "source", tree + "/INBOX").is_null()) << named;

  const auto exported = [&](const std::string& to, const std::vector<std::string>& more) {
    std::vector<std::string> command = {"export", "boss", "--format",
                                        "eml",    "--to", (mailstow_.directory() / to).string()};
    command.insert(command.end(), more.begin(), more.end());
    return mailstow_.restore_json(command);
  };
  const json whole = exported("whole", {});
  EXPECT_TRUE(programs::find_by(whole["folders"], "folder", tree + "/INBOX").is_null()) << whole;
  EXPECT_FALSE(programs::find_by(whole["folders"], "folder", "INBOX").is_null()) << whole;
  EXPECT_THAT(whole["notes"].dump(), HasSubstr("not exported: " + tree));
  const json part = exported("part", {"--folder", tree + "*"});
  EXPECT_FALSE(programs::find_by(part["folders"], "folder", tree + "/INBOX").is_null()) << part;
  EXPECT_EQ(part["notes"], json::array());
}

TEST_F(ExpiryTest, AUserWhoseMailWasRescuedGetsAMail) {
  servers::MailServer mail_server;
  mailstow_.config()["mail"] = mail_server.config();
  mailstow_.config()["accounts"][0]["mail"] = "alice@example.org";
  const base::Path letter = mailstow_.directory() / "rescued";
  std::ofstream(letter)
      << "Subject: Your mail was saved\n\n{messages} of {tree}, for {days} days\n";
  mailstow_.config()["user_mail"]["rescued"] = letter.string();
  mailstow_.save();
  const std::string tree = expired_tree();
  servers::MailGenerator mail(1);
  server_.client("alice").append(tree + "/INBOX", std::vector<servers::Delivery>{{mail.plain()}});
  mailstow_.restore_json({"sweep"});
  ASSERT_EQ(mail_server.mail().size(), 1U);
  const json sent = mail_server.mail().front();
  EXPECT_EQ(sent["to"], json({"alice@example.org"}));
  EXPECT_EQ(sent["headers"]["Subject"], "Your mail was saved");
  EXPECT_THAT(sent["body"].get<std::string>(), HasSubstr("1 of " + tree + ", for 90 days"));
}

}  // namespace
}  // namespace restore
