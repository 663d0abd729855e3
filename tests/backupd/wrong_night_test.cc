// Nights with a wrong clock on a real server: the newest state, vanished messages, alarms, and what
// is dropped and deleted depend on the order of events, not on the clock.
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/programs/owned_clock.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/relay.h"

namespace backupd {
namespace {

using programs::json;
using std::chrono::days;
using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;

// A night with the clock a year ahead, and right ones before and after it.
class WrongNightTest : public testing::Test {
 protected:
  WrongNightTest() {
    // The certificate of a test is not valid at that time.
    auto& main = mailstow_.config()["servers"]["main"];
    main["url"] = server_.plain_url();
    main["tls"] = "none";
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.config()["guards"] = {{"vanished_messages", 20}, {"stale_after", "3d"}};
    mailstow_.config()["retention"] = {{"keep_within", "0s"}, {"last", 1},    {"daily", 0},
                                       {"weekly", 0},         {"monthly", 0}, {"grace", "0s"}};
    mailstow_.save();
    mailstow_.make_store();
    deliver(4);
    mailstow_.backupd_json({"once"});
  }

  void deliver(unsigned count) {
    std::vector<servers::Delivery> news;
    for (unsigned i = 0; i < count; ++i) news.push_back({mail_.text(300)});
    server_.client("alice").append("INBOX", news);
  }

  void back_up_ahead() {
    const auto right = clock_.now();
    clock_.set(right + days(365));
    const json report = mailstow_.backupd_json({"once"}, 3);
    EXPECT_THAT(report["troubles"][0].get<std::string>(), HasSubstr("the system's clock shows"));
    clock_.set(right + hours(1));
  }

  json once(int status = 0) { return mailstow_.backupd_json({"once"}, status); }
  json state() { return mailstow_.backupd_json({"status"})["accounts"][0]; }

  std::uint64_t newest_messages() {
    std::uint64_t messages = 0;
    const json folders = mailstow_.restore_json({"folders", "alice"})["folders"];
    for (const json& folder : folders) {
      messages += folder["messages"].get<std::uint64_t>();
    }
    return messages;
  }

  programs::OwnedClock clock_{"2027-03-26T12:00:00Z"};
  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  servers::MailGenerator mail_{5};
};

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
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 1);
  EXPECT_EQ(snapshots(), 4U);
  clock_.set(right + hours(1));
  once(3);
  EXPECT_EQ(mailstow_.backupd_json({"prune"})["dropped"], 0);
  EXPECT_EQ(snapshots(), 5U);
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 0);
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"][0]["tree"], tree);
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

TEST_F(WrongNightTest, ATimePassesOverASnapshotThatAWrongClockDated) {
  back_up_ahead();
  deliver(3);
  const std::string right = once(3)["accounts"][0]["snapshot"];
  clock_.let_pass(days(400));  // the time that the wrong clock showed has come
  const std::vector<std::string> today = {"folders", "alice", "--at", "today"};
  EXPECT_EQ(mailstow_.restore_json(today)["snapshot"], right);
  EXPECT_THAT(mailstow_.restore(today).err, HasSubstr("a wrong clock dated it"));
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

struct WrongClock {
  const char* name;
  days shift;
  bool in_the_middle;  // of the run
};

// A right night, a wrong one, and a right one in which 25 of 36 messages are gone.
class WrongClockTest : public WrongNightTest, public testing::WithParamInterface<WrongClock> {
 protected:
  WrongClockTest() {
    mailstow_.config()["retention"]["last"] = 10;
    mailstow_.save();
    clock_.let_pass(hours(24));
    deliver(30);
    once();
    right_night_ = mailstow_.restore_json({"folders", "alice"})["snapshot_time"];
    clock_.let_pass(hours(24));
    wrong_night();
    clock_.let_pass(hours(24));
    auto alice = server_.client("alice");
    alice.command("SELECT INBOX");
    alice.command("UID STORE 5:29 +FLAGS (\\Deleted)");
    alice.command("EXPUNGE");
  }

  void wrong_night() {
    const auto right = clock_.now();
    const auto wrong = right + GetParam().shift;
    deliver(2);
    if (GetParam().in_the_middle) {
      std::thread jump([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(200));  // at any moment of the run
        clock_.set(wrong);
      });
      mailstow_.backupd({"once"});
      jump.join();
    } else {
      clock_.set(wrong);
      const json report = mailstow_.backupd_json({"once"}, 3);
      EXPECT_EQ(report["accounts"][0]["status"], "complete");
      EXPECT_FALSE(report["troubles"].empty());
    }
    clock_.set(right + std::chrono::minutes(1));
  }

  // Acknowledgements are beside the index, in files of their own.
  void lose_index() {
    for (const char* const suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(mailstow_.index() / (std::string("index.sqlite") + suffix));
    }
  }

  void expect_right(const std::string& after) {
    const testing::ScopedTrace trace(__FILE__, __LINE__, after);
    EXPECT_EQ(newest_messages(), 11U);
    std::size_t vanished = 0;
    const json bursts =
        mailstow_.restore_json({"vanished", "alice", "--since", right_night_})["bursts"];
    for (const json& burst : bursts) vanished += burst["messages"].size();
    EXPECT_EQ(vanished, 25U) << bursts.dump(2);
    EXPECT_TRUE(state()["alarms"].empty()) << "it is acknowledged: " << state().dump(2);
  }

  std::string right_night_;
};

TEST_P(WrongClockTest, ChangesNoAnswer) {
  // A jump after the snapshot was dated leaves nothing to report.
  const auto night = mailstow_.backupd({"once", "--json"});
  EXPECT_TRUE(night.status == 3 || (night.status == 0 && GetParam().in_the_middle)) << night.err;
  EXPECT_THAT(json::parse(night.out)["accounts"][0]["alarms"].dump(),
              HasSubstr("25 messages vanished"));
  mailstow_.backupd_json({"acknowledge", "alice"});
  expect_right("the night after");
  const std::string tree =
      mailstow_.restore_json({"run", "alice", "--folder", "INBOX", "--expire-after", "1d"})["tree"];
  clock_.let_pass(hours(2));
  mailstow_.backupd_json({"prune"});
  expect_right("prune");
  lose_index();
  mailstow_.backupd_json({"reindex"});
  expect_right("a lost index");
  mailstow_.backupd_json({"check", "--repair"});
  expect_right("repair");
  const json missing = mailstow_.restore_json(
      {"run", "alice", "--all", "--missing", "--at", right_night_, "--dry-run"});
  EXPECT_EQ(missing["folders"][0]["messages"], 25) << missing.dump(2);
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 0);
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 1U) << "its time is not over";
  clock_.let_pass(hours(23));
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 0);
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 0U) << tree;
}

INSTANTIATE_TEST_SUITE_P(Clocks, WrongClockTest,
                         testing::Values(WrongClock{"AYearAhead", days(365), false},
                                         WrongClock{"AYearBehind", days(-365), false},
                                         WrongClock{"AJumpInTheMiddle", days(365), true}),
                         [](const auto& clock) { return std::string(clock.param.name); });

}  // namespace
}  // namespace backupd
