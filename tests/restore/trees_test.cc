// `mailstow-restore trees`: the state of each tree, and mail that only looks like a tree.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <pwd.h>
#include <unistd.h>

#include "base/file_system.h"
#include "restore/tree_lock.h"
#include "store/format/layout.h"
#include "store/tree_record.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/process.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;
using testing::HasSubstr;

class TreesTest : public testing::Test {
 protected:
  TreesTest() {
    servers::fill_account(server_, "alice", 40);
    mailstow_.make_store();
    back_up();
  }

  void back_up() { mailstow_.backupd_json({"once", "--account", "alice"}); }
  json run(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"run", "alice", "--all"});
    return mailstow_.restore_json(more);
  }
  json trees() { return mailstow_.restore_json({"trees"}); }
  json tree() { return trees()["trees"].at(0); }
  json tree_named(const std::string& name) { return find_by(trees()["trees"], "tree", name); }
  std::string text() { return mailstow_.restore({"trees"}).out; }

  void change_record(const std::function<void(store::TreeRecord&)>& change) {
    auto records = store::TreeRecords::open(location(), base::real_file_system());
    for (store::TreeRecord& record : records.list().records) {
      change(record);
      records.put(record);
    }
  }
  store::Location location() const {
    return {mailstow_.store(), mailstow_.index(), mailstow_.key_file()};
  }

  // Mail of the user's own, below RESTORED.
  void put_mail(const std::string& folder, int messages) {
    for (; messages > 0; --messages) {
      alice_.append(folder, std::vector<servers::Delivery>{{mail_.plain()}});
    }
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  servers::ImapClient alice_ = server_.client("alice");
  servers::MailGenerator mail_{5};
};

TEST_F(TreesTest, ATreeHasItsSizeItsAgeAndTheTimeLeft) {
  const json report = run();
  const json tree = this->tree();
  EXPECT_EQ(tree["tree"], report["tree"]);
  EXPECT_EQ(tree["state"], "complete");
  EXPECT_EQ(tree["expires"], report["expires"]);
  std::uint64_t bytes = 0;
  const auto state = servers::account_state(server_, "alice");
  for (const auto& [name, folder] : state.below(report["tree"].get<std::string>(), '/')) {
    for (const auto& message : folder.messages) bytes += message.size;
  }
  EXPECT_EQ(tree["bytes"], bytes);
  EXPECT_EQ(tree["messages"], 40);
  EXPECT_THAT(text(), testing::ContainsRegex("complete +0 min +(7 days|6 d 23 h) +40 "));
}

TEST_F(TreesTest, OneAccountHasOnlyItsOwnTrees) {
  servers::fill_account(server_, "bob", 3);
  mailstow_.backupd_json({"once", "--account", "bob"});
  EXPECT_EQ(mailstow_.restore_json({"trees", "alice"})["trees"], json::array());
  EXPECT_THAT(mailstow_.restore({"trees", "alice"}).out,
              HasSubstr("alice: there are no restored trees."));
  const std::string of_alice = run({"--expire-after", "1h"})["tree"];
  servers::ImapClient client = server_.client("bob");
  client.command("CREATE RESTORED/hidden");
  client.append("RESTORED/hidden", std::vector<servers::Delivery>{{mail_.plain()}});
  mailstow_.backupd_json({"once", "--account", "bob"});
  EXPECT_THAT(mailstow_.restore({"trees", "bob"}).out,
              testing::StartsWith("bob: there are no restored trees.\nbob: RESTORED/hidden: "));
  const std::string of_bob = mailstow_.restore_json({"run", "bob", "--all"})["tree"];

  const json alice = mailstow_.restore_json({"trees", "alice"});
  ASSERT_EQ(alice["trees"].size(), 1U);
  EXPECT_EQ(alice["trees"][0]["account"], "alice");
  EXPECT_EQ(alice["trees"][0]["tree"], of_alice);
  EXPECT_EQ(alice["unrecorded"], json::array()) << "bob's mail is not alice's";
  EXPECT_LE(alice["trees"][0]["seconds_left"], 3'600);
  EXPECT_GT(alice["trees"][0]["seconds_left"], 3'000);
  const json bob = mailstow_.restore_json({"trees", "bob"});
  ASSERT_EQ(bob["trees"].size(), 1U);
  EXPECT_EQ(bob["trees"][0]["tree"], of_bob);
  EXPECT_EQ(bob["unrecorded"].size(), 1U);
  EXPECT_EQ(trees()["trees"].size(), 2U);

  const auto misspelt = mailstow_.restore({"trees", "alcie"});
  EXPECT_EQ(misspelt.status, 1);
  EXPECT_THAT(misspelt.err, HasSubstr("alcie: it is not in the configuration"));
}

TEST_F(TreesTest, ATreeHasWhoMadeItAndFromWhichSnapshot) {
  const std::string own = run({"--expire-after", "1h"})["tree"];
  const json made = tree_named(own);
  const char* sudo_user = ::getuid() == 0 ? std::getenv("SUDO_USER") : nullptr;
  EXPECT_EQ(made["made_by"]["user"],
            sudo_user != nullptr ? sudo_user : ::getpwuid(::getuid())->pw_name);
  EXPECT_EQ(made["made_by"]["person"], nullptr);
  EXPECT_EQ(made["snapshot"],
            mailstow_.restore_json({"snapshots", "alice"})["snapshots"][0]["snapshot"]);

  const auto file = mailstow_.directory() / "person.json";
  std::ofstream(file)
      << R"({"person": "anna@example.org", "role": "helpdesk", "client": "192.0.2.7"})";
  std::vector<std::string> command = {"sh", "-c", "exec \"$@\" 3<'" + file.string() + "'", "sh"};
  for (const std::string& word : mailstow_.restore_command(
           {"run", "alice", "--folder", "INBOX", "--json", "--on-behalf-of-fd", "3"})) {
    command.push_back(word);
  }
  const auto result = servers::run_program(command);
  ASSERT_EQ(result.status, 0) << result.err;
  const std::string tree = json::parse(result.out)["tree"];
  const json by = tree_named(tree)["made_by"];
  EXPECT_EQ(by["user"], made["made_by"]["user"]);
  EXPECT_EQ(by["person"], "anna@example.org");
  EXPECT_EQ(by["role"], "helpdesk");
  EXPECT_THAT(text(), HasSubstr("anna@example.org (helpdesk)"));

  // A record as earlier versions wrote it.
  change_record([](store::TreeRecord& record) {
    json request = json::parse(record.request);
    for (const char* key : {"user", "person", "role"}) request.erase(key);
    record.request = request.dump();
  });
  EXPECT_EQ(tree_named(tree)["made_by"], nullptr);
  change_record([](store::TreeRecord& record) { record.request = "{}"; });
  EXPECT_EQ(tree_named(tree)["made_by"], nullptr);
}

TEST_F(TreesTest, CountsMailCopiedOutAfterTheNextBackup) {
  alice_.command("SELECT INBOX");
  alice_.command("STORE 1:* +FLAGS.SILENT (\\Deleted)");
  alice_.command("EXPUNGE");
  const std::string tree = mailstow_.restore_json({"run", "alice", "--folder", "INBOX"})["tree"];
  EXPECT_EQ(this->tree()["elsewhere"], nullptr) << "no backup has seen it";
  EXPECT_EQ(this->tree()["elsewhere_seen"], nullptr);
  // A backup that began in the same second may not have seen it.
  change_record([](auto& record) { record.created -= std::chrono::seconds(1); });
  back_up();
  EXPECT_EQ(this->tree()["elsewhere"], 0) << "the tree itself is not elsewhere";
  alice_.command("CREATE Kept");
  alice_.command("SELECT " + servers::quote(tree + "/INBOX"));
  alice_.command("COPY 1:3 Kept");
  back_up();
  EXPECT_EQ(this->tree()["elsewhere"], 3);
  EXPECT_NE(this->tree()["elsewhere_seen"], nullptr);
  EXPECT_THAT(text(), HasSubstr("ELSEWHERE"));
}

TEST_F(TreesTest, ATreeIsRestoringWhileARunIsAtWorkAndIncompleteOnceThatDied) {
  run();
  std::string id;
  change_record([&](auto& record) {
    record.state = store::TreeState::kRestoring;
    record.expires = record.created;
    id = record.id;
  });
  {
    const auto lock = lock_tree(base::real_file_system(), location(), id);
    ASSERT_NE(lock, nullptr);
    EXPECT_EQ(tree()["state"], "restoring");
    change_record([](auto& record) { record.state = store::TreeState::kComplete; });
    EXPECT_EQ(tree()["state"], "being swept");
    change_record([](auto& record) { record.state = store::TreeState::kRestoring; });
  }
  EXPECT_EQ(tree()["state"], "incomplete");
  EXPECT_THAT(text(), HasSubstr("due"));
  mailstow_.restore_json({"sweep"});
  EXPECT_EQ(trees()["trees"], json::array()) << "it expires like any other";
}

// A run that died has recorded only whole folders. Its other messages are in the snapshot that it
// restored: they are not mail of the user that a rescue would have to keep.
TEST_F(TreesTest, InAnIncompleteTreeOnlyMailThatTheUserPutThereIsRescued) {
  const std::string tree = run({"--expire-after", "1s"})["tree"];
  put_mail(tree + "/INBOX", 1);
  change_record([](store::TreeRecord& record) {
    record.state = store::TreeState::kRestoring;
    for (store::TreeLevel& level : record.levels) level.messages.clear();
  });
  const json swept = mailstow_.restore_json({"sweep"})["trees"].at(0);
  EXPECT_EQ(swept["finished"], true) << swept.dump(2);
  std::size_t rescued = 0;
  std::vector<std::string> snapshots;
  for (const json& level : swept["levels"]) {
    rescued += level["rescued"].get<std::size_t>();
    for (const json& snapshot : level["snapshots"]) snapshots.push_back(snapshot);
  }
  EXPECT_EQ(rescued, 1U);
  ASSERT_EQ(snapshots.size(), 1U);
  const json folders =
      mailstow_.restore_json({"folders", "alice", "--at", snapshots[0]})["folders"];
  ASSERT_EQ(folders.size(), 1U);
  EXPECT_EQ(folders[0]["messages"], 1);

  // If that is unknown, all of it is kept.
  run({"--expire-after", "1s"});
  change_record([](store::TreeRecord& record) {
    record.state = store::TreeState::kRestoring;
    record.request = "{}";
    for (store::TreeLevel& level : record.levels) level.messages.clear();
  });
  rescued = 0;
  const json all = mailstow_.restore_json({"sweep"})["trees"].at(0);
  for (const json& level : all["levels"]) rescued += level["rescued"].get<std::size_t>();
  EXPECT_GT(rescued, 1U);
}

// If an account has moved to another server, its tree does not count as deleted: the account may
// return, or the tree be found on the old server.
TEST_F(TreesTest, ATreeOnAnotherServerIsNotConsideredGone) {
  const std::string tree =
      mailstow_.restore_json({"run", "alice", "--folder", "INBOX", "--expire-after", "1s"})["tree"];
  change_record([](store::TreeRecord& record) {
    EXPECT_EQ(record.server, "main");
    record.server = "old";
  });
  for (const std::string& name : {tree + "/INBOX", tree, std::string("RESTORED")}) {
    alice_.command("DELETE " + servers::quote(name));
  }
  const json kept = mailstow_.restore_json({"sweep"}, 1)["trees"].at(0);
  EXPECT_EQ(kept["finished"], false);
  EXPECT_THAT(kept["levels"][0]["why"].get<std::string>(), HasSubstr("made on the server old"));
  change_record([](store::TreeRecord& record) { record.expires -= std::chrono::days(31); });
  EXPECT_EQ(mailstow_.restore_json({"sweep"})["trees"].at(0)["finished"], true);
}

TEST_F(TreesTest, ALifetimeOfZeroIsRefused) {
  for (const char* zero : {"0s", "0d", "00w"}) {
    const auto made = mailstow_.restore({"run", "alice", "--all", "--expire-after", zero});
    EXPECT_EQ(made.status, 2);
    EXPECT_THAT(made.err, HasSubstr("write a duration of 1s or more"));
  }
  const std::string name = run()["tree"];
  const json before = tree();
  for (const char* zero : {"0s", "0d"}) {
    const auto extended = mailstow_.restore({"extend", "alice", name, zero});
    EXPECT_EQ(extended.status, 2);
    EXPECT_THAT(extended.err, HasSubstr("write a duration of 1s or more"));
  }
  EXPECT_EQ(trees()["trees"].size(), 1U);
  EXPECT_EQ(tree()["expires"], before["expires"]);
}

TEST_F(TreesTest, ExtendingAddsToWhatIsLeftAndToNowWhenTheTimeIsOver) {
  const std::string tree = run({"--expire-after", "1h"})["tree"];
  const auto expires = [&] {
    std::chrono::sys_seconds time;
    change_record([&](auto& record) { time = record.expires; });
    return time;
  };
  const auto first = expires();
  EXPECT_EQ(mailstow_.restore({"extend", "alice", tree, "2d"}).status, 0);
  EXPECT_EQ(expires() - first, std::chrono::days(2));
  change_record([](auto& record) { record.expires -= std::chrono::days(100); });
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  EXPECT_EQ(mailstow_.restore({"extend", "alice", tree, "7d"}).status, 0);
  EXPECT_GE(expires(), now + std::chrono::days(7));
  EXPECT_LT(expires(), now + std::chrono::days(8));
  EXPECT_EQ(mailstow_.restore({"extend", "bob", tree, "7d"}).status, 1) << "it is alice's";
  EXPECT_EQ(mailstow_.restore({"extend", "alice", tree, "soon"}).status, 2);
}

TEST_F(TreesTest, ATreeOfTheFutureWhoseStayASweepBoundedHasTimeLeft) {
  run();
  change_record([](auto& record) {
    record.created += std::chrono::days(365);
    record.expires += std::chrono::days(80);
  });
  EXPECT_EQ(tree()["in_future"], true);
  EXPECT_GT(tree()["seconds_left"], 80 * 86'400);
}

TEST_F(TreesTest, ATreeThatIsWorkedOnIsNotExtended) {
  const std::string name = run()["tree"];
  const auto records = store::TreeRecords::open(location(), base::real_file_system()).list();
  {
    const auto lock = lock_tree(base::real_file_system(), location(), records.records[0].id);
    const auto result = mailstow_.restore({"extend", "alice", name, "7d"});
    EXPECT_EQ(result.status, 5);
    EXPECT_THAT(result.err, HasSubstr("try again"));
  }
  {
    // Like a run that begins while the index's disk is full.
    const auto lock = base::real_file_system().try_lock(
        store::readers_directory(location()) / ("tree-" + records.records[0].id + ".lock"),
        base::LockMode::kExclusive);
    EXPECT_EQ(mailstow_.restore({"extend", "alice", name, "7d"}).status, 5);
  }
  EXPECT_EQ(mailstow_.restore({"extend", "alice", name, "7d"}).status, 0);
}

TEST_F(TreesTest, ReportsAndKeepsUnrecordedMailBelowRestored) {
  const std::string tree = run({"--expire-after", "1h"})["tree"];
  alice_.command("CREATE RESTORED/hidden");
  put_mail("RESTORED/hidden", 3);
  put_mail(tree + "/INBOX", 2);
  put_mail("RESTORED", 1);
  back_up();

  const json stored = trees()["unrecorded"];
  ASSERT_EQ(stored.size(), 1U) << stored;
  EXPECT_EQ(stored[0]["account"], "alice");
  EXPECT_EQ(stored[0]["folder"], "RESTORED/hidden");
  EXPECT_EQ(stored[0]["messages"], 3);
  EXPECT_GT(stored[0]["bytes"], 0);
  EXPECT_THAT(text(), HasSubstr("alice: RESTORED/hidden: 3 messages"));

  const json live = mailstow_.restore_json({"sweep"})["unrecorded"];
  EXPECT_EQ(live.size(), 3U) << live;
  EXPECT_EQ(find_by(live, "folder", "RESTORED/hidden")["messages"], 3);
  EXPECT_EQ(find_by(live, "folder", tree + "/INBOX")["messages"], 2);
  EXPECT_EQ(find_by(live, "folder", "RESTORED")["messages"], 1);
  EXPECT_THAT(mailstow_.restore({"sweep"}).out, HasSubstr("RESTORED/hidden: 3 messages"));

  change_record([](auto& record) { record.expires = record.created; });
  const json swept = mailstow_.restore_json({"sweep"});
  EXPECT_EQ(find_by(swept["unrecorded"], "folder", "RESTORED/hidden")["messages"], 3);
  const auto now = servers::account_state(server_, "alice");
  EXPECT_EQ(now.folders.at("RESTORED/hidden").messages.size(), 3U);
  EXPECT_FALSE(now.folders.contains(tree));
}

TEST_F(TreesTest, ReportsUnrecordedMailWithoutAnyRestore) {
  alice_.command("CREATE RESTORED");
  alice_.command("CREATE RESTORED2");
  put_mail("RESTORED", 2);
  put_mail("RESTORED2", 2);
  back_up();
  const json sweep = mailstow_.restore_json({"sweep"});
  EXPECT_EQ(sweep["unrecorded"], trees()["unrecorded"]);
  ASSERT_EQ(sweep["unrecorded"].size(), 1U) << sweep;
  EXPECT_EQ(sweep["unrecorded"][0]["folder"], "RESTORED");
}

TEST_F(TreesTest, ListsTreesWithoutTheIndex) {
  run();
  std::filesystem::remove_all(mailstow_.index());
  EXPECT_EQ(tree()["messages"], 40);
  EXPECT_EQ(tree()["elsewhere"], nullptr);
}

TEST_F(TreesTest, ATreeThatAnotherHostMadeIsChangedThere) {
  const std::string name = run()["tree"];
  change_record([](auto& record) { record.host = std::string(32, 'f'); });
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"extend", "alice", name, "8d"},
                                             {"expire", "alice", name},
                                             {"run", "alice", "--resume", name}}) {
    const auto refused = mailstow_.restore(words);
    EXPECT_EQ(refused.status, 5) << words[0];
    EXPECT_THAT(refused.err, HasSubstr("another host made this tree")) << words[0];
  }
  const auto records = store::TreeRecords::open(location(), base::real_file_system()).list();
  ASSERT_EQ(records.records.size(), 1U);
  EXPECT_EQ(records.records[0].host, std::string(32, 'f'));
}

}  // namespace
}  // namespace restore
