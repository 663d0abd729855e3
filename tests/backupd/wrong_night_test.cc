// Nights with a wrong clock on a real server: the newest state, vanished messages, alarms, and what
// is dropped and deleted depend on the order of events, not on the clock.
#include "tests/backupd/wrong_night.h"

#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

#include "tests/servers/relay.h"

namespace backupd {
namespace {

using programs::json;
using std::chrono::days;
using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_F(WrongNightTest, TheNextRightBackupIsTheNewest) {
  back_up_ahead();
  deliver(3);
  const json report = once(3);
  EXPECT_THAT(report["troubles"][0].get<std::string>(), HasSubstr("the newest backup of alice"));
  EXPECT_EQ(report["accounts"][0]["status"], "complete");
  EXPECT_EQ(newest_messages(), 7U);
  EXPECT_EQ(once()["accounts"][0]["fetched_messages"], 0) << "and there is nothing to report";

  mailstow_.backupd_json({"prune"});
  EXPECT_EQ(newest_messages(), 7U);
  std::filesystem::remove_all(mailstow_.index());
  mailstow_.backupd_json({"reindex"});
  EXPECT_EQ(newest_messages(), 7U);
  deliver(1);
  once();
  EXPECT_EQ(newest_messages(), 8U);
}

TEST_F(WrongNightTest, AlarmsWorkAfterIt) {
  back_up_ahead();
  EXPECT_EQ(state()["last_backup_in_future"], true);
  EXPECT_TRUE(state()["alarms"].empty()) << "the night before counts";
  clock_.set(clock_.now() + days(4));
  const json alarms = state()["alarms"];
  ASSERT_EQ(alarms.size(), 1U);
  EXPECT_EQ(alarms[0]["kind"], "stale");
  EXPECT_THAT(alarms[0]["text"].get<std::string>(), HasSubstr("dated in the future"));

  deliver(40);
  once(3);
  EXPECT_EQ(state()["last_backup_in_future"], false);
  auto alice = server_.client("alice");
  alice.command("SELECT INBOX");
  alice.command("UID STORE 5:44 +FLAGS (\\Deleted)");
  alice.command("EXPUNGE");
  EXPECT_THAT(once()["accounts"][0]["alarms"].dump(), HasSubstr("40 messages vanished"));
}

TEST_F(WrongNightTest, NothingIsDroppedWhileTheClockIsDoubted) {
  deliver(1);
  once();
  clock_.set(clock_.now() + days(400));
  const auto snapshots = [&] {
    return mailstow_.restore_json({"snapshots", "alice"})["snapshots"].size();
  };
  const json plan = mailstow_.backupd_json({"prune", "--dry-run"});
  EXPECT_THAT(plan["clock_doubted"].get<std::string>(), HasSubstr("prune --now"));
  const json pruned = mailstow_.backupd_json({"prune"}, 3);
  EXPECT_THAT(pruned["clock_doubted"].get<std::string>(), HasSubstr("prune --now"));
  EXPECT_TRUE(pruned["packs"].is_null());
  EXPECT_EQ(mailstow_.backupd_json({"forget", "alice", "--yes", "--prune"}, 3)["dropped"], 0);
  EXPECT_EQ(snapshots(), 2U);
  EXPECT_EQ(mailstow_.backupd_json({"prune", "--now"})["dropped"], 1);
  EXPECT_EQ(snapshots(), 1U);
}

// The backup records the wrong time before anything that deletes sees the clock.
TEST_F(WrongNightTest, NothingIsDroppedAfterABackupWithTheClockAhead) {
  mailstow_.config()["retention"]["keep_within"] = "30d";
  mailstow_.config()["retention"]["last"] = 0;
  mailstow_.save();
  for (int night = 0; night < 2; ++night) {
    clock_.let_pass(hours(24));
    deliver(1);
    once();
  }
  const std::string tree = mailstow_.restore_json({"run", "alice", "--all"})["tree"];
  const auto right = clock_.now();
  clock_.set(right + days(365));
  once(3);
  const auto snapshots = [&] {
    return mailstow_.restore_json({"snapshots", "alice"})["snapshots"].size();
  };
  EXPECT_FALSE(mailstow_.backupd_json({"prune"}, 3)["clock_doubted"].is_null());
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 3);
  EXPECT_EQ(snapshots(), 4U);
  clock_.set(right + hours(1));
  once(3);
  EXPECT_EQ(mailstow_.backupd_json({"prune"})["dropped"], 0);
  EXPECT_EQ(snapshots(), 5U);
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 0);
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"][0]["tree"], tree);
}

// The clock is trusted an hour after the jump, but the backup that it dated is no measure of age.
TEST_F(WrongNightTest, NothingIsDroppedHoursAfterABackupWithTheClockAhead) {
  mailstow_.config()["retention"]["keep_within"] = "7d";
  mailstow_.config()["retention"]["last"] = 0;
  mailstow_.save();
  for (int night = 0; night < 5; ++night) {
    clock_.let_pass(hours(24));
    deliver(1);
    once();
  }
  clock_.set(clock_.now() + days(364));
  once(3);
  clock_.let_pass(hours(2));
  const auto expect_all_are_kept = [&](std::uint64_t count) {
    EXPECT_EQ(mailstow_.backupd_json({"prune"})["dropped"], 0);
    EXPECT_EQ(mailstow_.restore_json({"snapshots", "alice"})["snapshots"].size(), count);
  };
  expect_all_are_kept(7);
  std::filesystem::remove_all(mailstow_.index());
  mailstow_.backupd_json({"reindex"});
  expect_all_are_kept(7);
  clock_.let_pass(hours(24));
  once();
  expect_all_are_kept(8);
  clock_.let_pass(hours(25));
  once();
  EXPECT_EQ(mailstow_.backupd_json({"prune"})["dropped"], 6) << "it is no jump after two days";
}

TEST_F(WrongNightTest, NothingIsDroppedAfterAJumpWhileABackupRan) {
  std::once_flag has_jumped;
  const servers::Relay relay(server_, {.watch = [&](servers::From, std::string_view) {
                               std::call_once(has_jumped,
                                              [&] { clock_.set(clock_.now() + days(365)); });
                               return true;
                             }});
  auto& main = mailstow_.config()["servers"]["main"];
  main["url"] = relay.url();
  main["connections"] = 1;  // the second account begins after the jump
  mailstow_.config()["accounts"].push_back({{"name", "bob"}, {"server", "main"}});
  mailstow_.config()["retention"]["keep_within"] = "30d";
  mailstow_.config()["retention"]["last"] = 0;
  mailstow_.save();
  deliver(1);
  const json report = once(3);
  EXPECT_THAT(report["troubles"][0].get<std::string>(), HasSubstr("the system's clock shows"));
  EXPECT_EQ(report["accounts"][0]["status"], "complete");
  EXPECT_FALSE(mailstow_.backupd_json({"prune"}, 3)["clock_doubted"].is_null());
  EXPECT_EQ(mailstow_.restore_json({"snapshots", "alice"})["snapshots"].size(), 2U);
}

TEST_F(WrongNightTest, TheGraceOfAPackIsNotShortenedByAJump) {
  mailstow_.config()["retention"]["grace"] = "24h";
  mailstow_.save();
  deliver(1);
  once();
  EXPECT_GT(mailstow_.backupd_json({"prune"})["packs"]["condemned"], 0);
  const auto packs = [&] {
    const std::filesystem::directory_iterator folder(mailstow_.store() / "packs");
    return std::distance(begin(folder), end(folder));
  };
  const auto before = packs();
  clock_.set(clock_.now() + days(3));
  mailstow_.backupd_json({"prune"}, 3);
  EXPECT_EQ(packs(), before);
  clock_.set(clock_.now() + days(10));
  mailstow_.backupd_json({"prune"}, 3);
  EXPECT_EQ(packs(), before) << "a second jump is not ten days of a steady clock";
  clock_.let_pass(hours(1));
  mailstow_.backupd_json({"prune"});
  EXPECT_LT(packs(), before) << "the clock advanced steadily for an hour";
}

TEST_F(WrongNightTest, SnapshotsOfTheFutureAreMarked) {
  back_up_ahead();
  once(3);
  std::vector<bool> marks;
  const json snapshots = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
  for (const json& snapshot : snapshots) {
    marks.push_back(snapshot["in_future"]);
  }
  EXPECT_THAT(marks, ElementsAre(false, true, false));
}

TEST_F(WrongNightTest, AClockThatIsBehindIsShown) {
  const auto right = clock_.now();
  clock_.set(right - days(365));
  EXPECT_THAT(state()["alarms"].dump(), HasSubstr("the clock was ahead then, or is behind now"));
  once(3);
  EXPECT_THAT(doubts(), ElementsAre(false, true)) << "the first one is right";
  const auto listed = mailstow_.restore({"snapshots", "alice"});
  EXPECT_THAT(listed.out, HasSubstr("in the future: the clock is behind now"));
  EXPECT_THAT(listed.out, HasSubstr("doubted time: the clock was behind"));
  EXPECT_THAT(clock_findings(), HasSubstr("before the last time that mailstow recorded"));
  EXPECT_THAT(mailstow_.backupd_json({"status"})["clock_doubted"].dump(), HasSubstr("before"));
  const json brief = mailstow_.backupd_json({"status", "--brief"}, 3);
  EXPECT_EQ(brief["alarms"][0]["kind"], "clock");
  mailstow_.backupd_json({"prune"}, 3);

  clock_.set(right + std::chrono::minutes(10));
  once(3);
  EXPECT_EQ(mailstow_.backupd_json({"status"})["clock_doubted"], nullptr);
  EXPECT_THAT(doubts(), ElementsAre(false, true, false)) << "its mark stays";
  EXPECT_EQ(state()["last_backup_doubted"], false);
  EXPECT_THAT(clock_findings(), Not(HasSubstr("before the last time")));
}

TEST_F(WrongNightTest, AClockThatIsAheadIsShown) {
  const auto right = clock_.now();
  clock_.set(right + days(365));
  once(3);
  mailstow_.backupd_json({"prune"}, 3);
  EXPECT_THAT(doubts(), ElementsAre(false, true));
  EXPECT_EQ(state()["last_backup_doubted"], true);
  EXPECT_THAT(clock_findings(), HasSubstr("more than two days after the last time"));
  EXPECT_EQ(mailstow_.backupd_json({"status", "--brief"}, 3)["alarms"][0]["kind"], "clock");

  clock_.set(right + hours(1));
  const json brief = mailstow_.backupd_json({"status", "--brief"});
  EXPECT_EQ(brief["doubted_backups"], 1);
  EXPECT_THAT(brief["oldest_backup"].get<std::string>(), HasSubstr("2027-03-26"))
      << "the right one";
  EXPECT_THAT(mailstow_.backupd({"status", "--brief"}).out,
              HasSubstr("1 with a later one that a wrong clock dated"));
}

TEST_F(WrongNightTest, ATimeDoesNotChooseASnapshotThatAWrongClockDatedInsteadOfNothing) {
  const auto right = clock_.now();
  clock_.set(right - days(365));
  const std::string wrong = once(3)["accounts"][0]["snapshot"];
  clock_.set(right + hours(1));
  once(3);
  const auto refused = mailstow_.restore({"folders", "alice", "--at", "2026-12-24"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("no snapshot from 2026-12-24 or before: the oldest is from "
                                     "2027-03-26"));
  EXPECT_THAT(refused.err, HasSubstr("--at " + wrong.substr(0, 8)));
  EXPECT_EQ(mailstow_.restore_json({"folders", "alice", "--at", wrong})["snapshot"], wrong);
}

TEST_F(WrongNightTest, ATimePassesOverASnapshotThatAWrongClockDated) {
  back_up_ahead();
  deliver(3);
  const std::string right = once(3)["accounts"][0]["snapshot"];
  clock_.let_pass(days(400));  // the time that the wrong clock showed has come
  const std::vector<std::string> today = {"folders", "alice", "--at", "today"};
  EXPECT_EQ(mailstow_.restore_json(today)["snapshot"], right);
  EXPECT_THAT(mailstow_.restore(today).err, HasSubstr("a wrong clock dated it"));
}

TEST_F(WrongNightTest, TheIdOfASnapshotThatAWrongClockDatedIsNoDateForMessages) {
  back_up_ahead();
  deliver(3);
  once(3);
  clock_.let_pass(days(400));  // the time that the wrong clock showed has come
  const json snapshots = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
  ASSERT_EQ(doubts(), (std::vector<bool>{false, true, false}));
  const auto commands_with = [&](std::size_t at) -> std::vector<std::vector<std::string>> {
    const std::string id = snapshots[at]["snapshot"];
    return {{"run", "alice", "--dry-run", "--since", id},
            {"run", "alice", "--dry-run", "--before", id.substr(0, 12)},
            {"run", "alice", "--dry-run", "--query", "after:" + id},
            {"search", "alice", "before:" + id},
            {"export", "alice", "--format", "eml", "--to", mailstow_.directory() / "mail",
             "--since", id}};
  };
  for (const std::vector<std::string>& command : commands_with(1)) {
    const auto refused = mailstow_.restore(command);
    EXPECT_EQ(refused.status, 2) << command.front();
    EXPECT_THAT(refused.err, HasSubstr("doubted time: the clock was ahead")) << command.front();
    EXPECT_THAT(refused.err, HasSubstr("give the time itself")) << command.front();
  }
  for (const std::vector<std::string>& command : commands_with(0)) {
    EXPECT_NE(mailstow_.restore(command).status, 2) << command.front();
  }
}

// A program that reads the document sees no warning on stderr.
TEST_F(WrongNightTest, DocumentsNameTheSnapshotsThatWerePassedOver) {
  const auto right = clock_.now();
  for (const int hour : {1, 2}) {
    clock_.set(right + days(365) + hours(hour));
    mailstow_.backupd({"once"});
  }
  for (const int hour : {1, 2}) {
    clock_.set(right + hours(hour));
    mailstow_.backupd({"once"});
  }
  clock_.let_pass(days(400));  // the times that the wrong clock showed have come
  const json all = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
  ASSERT_EQ(all.size(), 5U);
  const auto named = [&](std::size_t at) {
    return json{{"snapshot", all[at]["snapshot"]}, {"snapshot_time", all[at]["time"]}};
  };
  const json wrong = json::array({named(1), named(2)});
  const auto document = [&](std::vector<std::string> command) {
    command.emplace_back("--json");
    return json::parse(mailstow_.restore(command).out);
  };
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"folders", "alice", "--at", "today"},
           {"messages", "alice", "INBOX", "--at", "today"},
           {"search", "alice", "anything", "--at", "today"},
           {"vanished", "alice", "--since", "today"},
           {"run", "alice", "--all", "--dry-run", "--at", "today"},
           {"export", "alice", "--format", "eml", "--to", mailstow_.directory() / "mail", "--at",
            "today"}}) {
    EXPECT_EQ(document(command)["passed_over"], wrong) << command.front();
  }
  EXPECT_EQ(document({"diff", "alice", "--from", "today"})["from"]["passed_over"], wrong);
  EXPECT_EQ(document({"vanished", "--all", "--since", "today"})["accounts"][0]["passed_over"],
            wrong);
  EXPECT_EQ(document({"folders", "alice"})["passed_over"], json::array());

  auto alice = server_.client("alice");
  alice.command("SELECT INBOX");
  alice.command("STORE 1 +FLAGS (\\Deleted)");
  alice.command("EXPUNGE");
  const json missing = document({"run", "alice", "--missing", "--dry-run", "--at", "today"});
  EXPECT_EQ(missing["folders"][0]["messages"], 1) << missing.dump(2);
  EXPECT_EQ(missing["passed_over"], wrong) << "also if a backup is made first";
}

TEST_F(WrongNightTest, ATreeMadeWithTheClockAheadExpiresLikeOthers) {
  for (int night = 0; night < 2; ++night) {  // they show that the clock is right afterwards
    clock_.let_pass(hours(24));
    once();
  }
  const auto right = clock_.now();
  clock_.set(right + days(365));
  mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "7d"});
  clock_.set(right + hours(1));
  const auto tree = [&] { return mailstow_.restore_json({"trees"})["trees"][0]; };
  EXPECT_EQ(tree()["in_future"], true);
  EXPECT_LE(tree()["seconds_left"], 7 * 86'400);
  EXPECT_THAT(mailstow_.restore({"trees"}).out, HasSubstr("in the future"));
  EXPECT_EQ(mailstow_.restore_json({"sweep"}).contains("redated"), false)
      << "the clock is in doubt";
  clock_.let_pass(hours(2));
  EXPECT_EQ(mailstow_.restore_json({"sweep"})["redated"].size(), 1U);
  EXPECT_EQ(tree()["in_future"], false);
  EXPECT_GT(tree()["seconds_left"], 6 * 86'400);
  clock_.let_pass(days(8));
  EXPECT_EQ(mailstow_.restore_json({"sweep", "--now"})["trees"][0]["finished"], true);
}

TEST_F(WrongNightTest, AResumedTreeMadeWithTheClockAheadReportsWhenItExpires) {
  mailstow_.config()["retention"]["keep_within"] = "30d";
  mailstow_.save();
  for (int night = 0; night < 2; ++night) {
    clock_.let_pass(hours(24));
    once();
  }
  const auto right = clock_.now();
  clock_.set(right + days(365));
  const std::string tree =
      mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "7d"})["tree"];
  clock_.set(right + hours(1));
  mailstow_.backupd_json({"prune"}, 3);
  clock_.let_pass(hours(2));
  mailstow_.backupd_json({"prune"});  // trusts the clock
  const json resumed =
      mailstow_.restore_json({"run", "alice", "--resume", tree, "--expire-after", "7d"});
  EXPECT_THAT(resumed["expires"].get<std::string>(), HasSubstr("2027-04-04"));
  EXPECT_LE(mailstow_.restore_json({"trees"})["trees"][0]["seconds_left"], 7 * 86'400);
  EXPECT_FALSE(mailstow_.restore_json({"sweep"}).contains("redated"));
}

TEST_F(WrongNightTest, ATreeMadeWithTheClockBehindStaysAsLongAsOthers) {
  const auto right = clock_.now();
  clock_.set(right - days(365));
  mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "7d"});
  clock_.set(right + hours(1));
  const json swept = mailstow_.restore_json({"sweep"});
  EXPECT_EQ(swept["trees"], json::array()) << swept.dump(2);
  EXPECT_EQ(swept["redated"].size(), 1U);
  const json trees = mailstow_.restore_json({"trees"})["trees"];
  ASSERT_EQ(trees.size(), 1U);
  EXPECT_GT(trees[0]["seconds_left"], 6 * 86'400);
  EXPECT_FALSE(mailstow_.restore_json({"sweep"}).contains("redated"));
}

TEST_F(WrongNightTest, TheNextBackupShowsWhatTheAccountHasBesideATreeOfAWrongClock) {
  const auto right = clock_.now();
  const auto elsewhere = [&](std::size_t tree) {
    return mailstow_.restore_json({"trees"})["trees"][tree]["elsewhere"];
  };
  for (const days shift : {days(365), days(-365)}) {
    clock_.set(right + shift);
    mailstow_.restore_json({"run", "alice", "--all"});
  }
  clock_.set(right + hours(1));
  for (const std::size_t tree : {0U, 1U}) EXPECT_EQ(elsewhere(tree), nullptr) << "no backup since";
  once();
  for (const std::size_t tree : {0U, 1U}) EXPECT_EQ(elsewhere(tree), 4);
}

// Its source was made with the same clock, as for every `run --missing`.
TEST_F(WrongNightTest, ATreeOfASnapshotMadeWithTheClockBehindStaysAsLongAsOthers) {
  const auto right = clock_.now();
  mailstow_.backupd_json({"prune"});
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 0);
  clock_.set(right - days(365));
  once(3);
  const json restored =
      mailstow_.restore_json({"run", "alice", "--folder", "INBOX", "--expire-after", "7d"});
  const std::string tree = restored["tree"];
  const std::string top = tree.substr(tree.rfind('/') + 1);  // without the server's delimiter
  const auto is_there = [&] {
    return server_.client("alice").command("LIST \"\" *").find(top) != std::string::npos;
  };
  clock_.set(right + hours(1));
  once(3);
  const json swept = mailstow_.restore_json({"sweep"});
  EXPECT_EQ(swept["redated"].size(), 1U) << swept.dump(2);
  EXPECT_TRUE(is_there());
  clock_.let_pass(days(6));
  once();
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 0);
  EXPECT_TRUE(is_there()) << "it was promised for seven days";
  clock_.let_pass(days(2));
  once();
  EXPECT_EQ(mailstow_.restore_json({"sweep"})["trees"][0]["finished"], true);
  EXPECT_FALSE(is_there());
}

}  // namespace
}  // namespace backupd
