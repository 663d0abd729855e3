// `mailstow-backupd prune` and `forget` on a real server.
#include <filesystem>
#include <random>
#include <sstream>
#include <utility>

#include <gmock/gmock.h>

#include "backupd/commands.h"
#include "backupd/prune_report.h"
#include "base/clock.h"
#include "base/program/program.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace backupd {
namespace {

using programs::find_by;
using programs::json;
using testing::HasSubstr;

class PruneTest : public testing::Test {
 protected:
  PruneTest() {
    mailstow_.config()["retention"] = {{"keep_within", "0s"}, {"last", 2},    {"daily", 0},
                                       {"weekly", 0},         {"monthly", 0}, {"grace", "0s"}};
    mailstow_.save();
    mailstow_.make_store();
  }

  void deliver(const std::string& account, unsigned count) {
    std::vector<servers::Delivery> news;
    for (unsigned i = 0; i < count; ++i) news.push_back({mail_.text(3'000)});
    server_.client(account).append("INBOX", news);
  }

  // One night: new mail and its backup.
  void night(const std::string& account) {
    deliver(account, 20);
    EXPECT_EQ(0, mailstow_.backupd({"once"}).status);
  }

  std::size_t packs() const {
    const std::filesystem::directory_iterator folder(mailstow_.store() / "packs");
    return static_cast<std::size_t>(std::distance(begin(folder), end(folder)));
  }

  json snapshots(const std::string& account) {
    return mailstow_.restore_json({"snapshots", account})["snapshots"];
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  servers::MailGenerator mail_{11};
};

// Right until the guard has trusted it, a year ahead from then on.
class LateJumpingClock : public base::Clock {
 public:
  explicit LateJumpingClock(base::Path memory) : memory_(std::move(memory)) {}

  base::TimePoint now() const override {
    const auto right = base::system_clock().now();
    return std::filesystem::exists(memory_) ? right + std::chrono::days(365) : right;
  }
  std::chrono::steady_clock::time_point steady_now() const override {
    return base::system_clock().steady_now();
  }
  void sleep_for(std::chrono::milliseconds duration) override {
    base::system_clock().sleep_for(duration);
  }

 private:
  base::Path memory_;
};

TEST(PruneReportTest, APlanSaysWhyPacksAreReplaced) {
  using store::PackFate;
  store::PruneReport report;
  report.condemned = 3;
  report.packs = {{{}, 10, {PackFate::kRewrite, "it is small"}},
                  {{}, 10, {PackFate::kRewrite, "21 % of it is dead"}},
                  {{}, 10, {PackFate::kRewrite, "90 % of it is dead"}},
                  {{}, 10, {PackFate::kKeep, "100 % of it is living"}}};
  EXPECT_THAT(prune_text(report, store::PruneMode::kPlan, std::chrono::hours(24)),
              HasSubstr("to be replaced (1: it is small; 2: part of it is dead)."));
}

TEST_F(PruneTest, KeepsTheRetainedSnapshotsAndTheirData) {
  for (int i = 0; i < 4; ++i) night("alice");
  const json plan = mailstow_.backupd_json({"prune", "--dry-run"});
  EXPECT_EQ(plan["dry_run"], true);
  const json planned = find_by(plan["accounts"], "account", "alice")["snapshots"];
  ASSERT_EQ(planned.size(), 4U);
  EXPECT_EQ(planned[0]["verdict"], "drop");
  EXPECT_EQ(planned[0]["reasons"], json::array({"no rule keeps it"}));
  EXPECT_EQ(planned[3]["verdict"], "keep");
  EXPECT_EQ(planned[3]["reasons"][0], "newest complete snapshot, never dropped");
  EXPECT_GE(plan["dropped"], 2) << "those of alice; unchanged ones of bob within a second are one";
  EXPECT_EQ(snapshots("alice").size(), 4U) << "a plan changes nothing";
  const std::size_t before = packs();

  const json done = mailstow_.backupd_json({"prune"});
  EXPECT_EQ(done["dropped"], plan["dropped"]);
  EXPECT_EQ(done["steps"], 2);
  EXPECT_EQ(done["packs"]["condemned"], before + 1) << "the pack with the first step's commit too";
  EXPECT_GT(done["packs"]["condemned_bytes"], done["packs"]["written_bytes"]);
  EXPECT_EQ(snapshots("alice").size(), 2U);
  EXPECT_EQ(mailstow_.backupd_json({"prune"})["packs"]["deleted"], before + 1);
  EXPECT_EQ(packs(), 1U);

  const json restored = mailstow_.restore_json({"run", "alice", "--all"});
  const json inbox = find_by(restored["folders"], "source", "INBOX");
  EXPECT_EQ(inbox["restored"], 80);
  EXPECT_EQ(inbox["altered"], json::array());
}

TEST_F(PruneTest, AJumpOfTheClockAfterTheGuardDropsNothing) {
  mailstow_.config()["retention"]["keep_within"] = "30d";
  mailstow_.config()["retention"]["last"] = 0;
  mailstow_.save();
  night("alice");
  night("alice");
  LateJumpingClock clock(mailstow_.index() / "sweeper.json");
  const base::Environment opened =
      base::open_environment(mailstow_.config_file(), base::OutputFormat::kJson);
  EXPECT_EQ(prune(base::with_clock(opened, clock), {}), base::ExitStatus::kDone);
  EXPECT_GT(clock.now(), base::system_clock().now()) << "it jumped meanwhile";
  EXPECT_EQ(snapshots("alice").size(), 2U);
}

TEST_F(PruneTest, ALaterBackupContinuesFromThePrunedStore) {
  night("alice");
  night("alice");
  mailstow_.backupd({"prune"});
  deliver("alice", 3);
  const json report = find_by(mailstow_.backupd_json({"once"})["accounts"], "account", "alice");
  EXPECT_EQ(report["status"], "complete");
  EXPECT_EQ(report["new_messages"], 3);
  EXPECT_EQ(report["messages"], 43);
}

TEST_F(PruneTest, ForgetOnlyPrintsItsPlanWithoutYes) {
  night("alice");
  night("alice");
  const auto planned_only = mailstow_.backupd({"forget", "alice"});
  EXPECT_EQ(planned_only.status, 0);
  EXPECT_THAT(planned_only.out, HasSubstr("Nothing was done"));
  EXPECT_EQ(snapshots("alice").size(), 2U);

  const json result = mailstow_.backupd_json({"forget", "alice", "--yes"});
  EXPECT_EQ(result["dropped"], 2);
  EXPECT_EQ(find_by(mailstow_.restore_json({"accounts"})["accounts"], "account", "alice"), nullptr);
  EXPECT_EQ(mailstow_.backupd_json({"status"})["store"]["messages"], 40)
      << "they stay until a prune";
  mailstow_.backupd({"prune"});
  EXPECT_EQ(mailstow_.backupd_json({"status"})["store"]["messages"], 0);

  const auto again = mailstow_.backupd({"forget", "alise", "--yes"});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr("the store has no snapshots of it"));
}

TEST_F(PruneTest, ForgetWithPruneRemovesDataThatOnlyTheAccountNeeded) {
  deliver("bob", 30);
  night("alice");
  const json result = mailstow_.backupd_json({"forget", "alice", "--yes", "--prune"});
  EXPECT_EQ(result["dropped"], 1);
  EXPECT_EQ(mailstow_.backupd_json({"status"})["store"]["messages"], 30);
  const json restored = mailstow_.restore_json({"run", "bob", "--all"});
  EXPECT_EQ(find_by(restored["folders"], "source", "INBOX")["restored"], 30);
  EXPECT_THAT(mailstow_.backupd({"forget", "bob"}).out,
              HasSubstr("bob is still in the configuration"));
}

TEST_F(PruneTest, ForgetDropsOneSnapshotForGood) {
  for (int i = 0; i < 3; ++i) night("alice");
  const json all = snapshots("alice");
  const std::string second = all[1]["snapshot"];
  const std::string newest = all[2]["snapshot"];
  const auto planned_only = mailstow_.backupd({"forget", "alice", "--snapshot", second});
  EXPECT_EQ(planned_only.status, 0);
  EXPECT_THAT(planned_only.out, HasSubstr("Nothing was done"));
  const auto refused = mailstow_.backupd({"forget", "alice", "--snapshot", newest, "--yes"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("it is the newest one"));
  EXPECT_EQ(mailstow_.backupd({"forget", "alice", "--snapshot", "yesterday"}).status, 2);
  EXPECT_EQ(mailstow_.backupd({"forget", "alice", "--snapshot", "00000000"}).status, 1);
  EXPECT_EQ(snapshots("alice").size(), 3U);

  const std::string digits = second.substr(0, 16);
  EXPECT_EQ(mailstow_.backupd_json({"forget", "alice", "--snapshot", digits, "--yes"})["dropped"],
            1);
  for (const bool is_rebuilt : {false, true}) {
    if (is_rebuilt) {
      std::filesystem::remove_all(mailstow_.index());
      mailstow_.backupd_json({"reindex"});
    }
    const json left = snapshots("alice");
    ASSERT_EQ(left.size(), 2U);
    EXPECT_EQ(left[0]["snapshot"], all[0]["snapshot"]);
    EXPECT_EQ(left[1]["snapshot"], newest);
  }
}

TEST_F(PruneTest, APinnedSnapshotIsKeptUntilItIsUnpinned) {
  for (int i = 0; i < 4; ++i) night("alice");
  const std::string first = snapshots("alice")[0]["snapshot"];
  const json pinned = mailstow_.backupd_json({"pin", "alice", first.substr(0, 16)});
  EXPECT_EQ(pinned["snapshot"], first);
  EXPECT_EQ(pinned["pinned"], true);
  EXPECT_EQ(pinned["pinned_until"], nullptr);
  const auto expect_refused = [&](const std::vector<std::string>& command) {
    const auto refused = mailstow_.backupd(command);
    EXPECT_EQ(refused.status, 2);
    EXPECT_THAT(refused.err, HasSubstr("unpin alice " + first.substr(0, 16)));
  };
  expect_refused({"forget", "alice", "--snapshot", first, "--yes"});
  expect_refused({"forget", "alice", "--yes", "--prune"});
  const json planned = mailstow_.backupd_json({"forget", "alice", "--prune"})["accounts"][0];
  EXPECT_EQ(planned["snapshots"][0]["verdict"], "keep");
  EXPECT_EQ(planned["snapshots"][0]["reasons"], json::array({"pinned"}));
  EXPECT_EQ(planned["snapshots"][1]["verdict"], "drop");

  std::filesystem::remove_all(mailstow_.index());
  mailstow_.backupd_json({"reindex"});
  mailstow_.backupd_json({"prune"});
  const json left = snapshots("alice");
  ASSERT_EQ(left.size(), 3U);
  EXPECT_EQ(left[0]["snapshot"], first);
  EXPECT_EQ(left[0]["pinned"], true);
  EXPECT_EQ(left[1]["pinned"], false);
  EXPECT_THAT(mailstow_.restore({"snapshots", "alice"}).out, HasSubstr("  pinned\n"));

  const std::string until = mailstow_.backupd_json(
      {"pin", "alice", first, "--until", "2099-01-01T00:00:00Z"})["pinned_until"];
  EXPECT_EQ(until, "2099-01-01T00:00:00Z");
  EXPECT_EQ(mailstow_.backupd({"pin", "alice", first, "--until", "2020-01-01"}).status, 2);
  EXPECT_EQ(mailstow_.backupd_json({"unpin", "alice", first})["pinned"], false);
  EXPECT_EQ(mailstow_.backupd({"unpin", "alice", first}).status, 1);
  mailstow_.backupd_json({"prune"});
  EXPECT_EQ(snapshots("alice").size(), 2U);
}

TEST_F(PruneTest, ADiskWithoutRoomIsReportedAndStepsThatNeedNoRoomAreDone) {
  night("alice");
  servers::ImapClient alice = server_.client("alice");
  alice.command("SELECT INBOX");
  alice.command(R"(STORE 1:15 +FLAGS (\Deleted))");
  alice.command("EXPUNGE");  // most of the first night's pack is dead once its snapshot is dropped
  for (int i = 0; i < 2; ++i) night("alice");
  mailstow_.config()["store"]["keep_free_mb"] = 1'000'000;
  mailstow_.save();
  const json done = mailstow_.backupd_json({"prune"}, 3);
  EXPECT_GT(done["dropped"], 0);
  EXPECT_GE(done["packs"]["left"], 1);
  EXPECT_EQ(snapshots("alice").size(), 2U);
  const auto again = mailstow_.backupd({"prune"});
  EXPECT_EQ(again.status, 3);
  EXPECT_THAT(again.out, HasSubstr("because the disk lacks the room"));
}

TEST_F(PruneTest, TheGracePeriodIsSkippedUnlessACopyLacksAPack) {
  mailstow_.config()["retention"]["grace"] = "24h";
  mailstow_.save();
  for (int i = 0; i < 4; ++i) night("alice");
  const std::filesystem::path copy = mailstow_.store().parent_path() / "copy";
  std::filesystem::create_directories(copy / "packs");
  const auto refused = mailstow_.backupd({"prune", "--skip-grace", "--copy", copy.string()});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("lacks pack"));
  EXPECT_EQ(snapshots("alice").size(), 4U);

  std::filesystem::copy(mailstow_.store() / "packs", copy / "packs");
  const json done = mailstow_.backupd_json({"prune", "--skip-grace", "--copy", copy.string()});
  EXPECT_EQ(done["packs"]["waiting"], 0);
  EXPECT_EQ(done["packs"]["deleted"], done["packs"]["condemned"]);
  EXPECT_EQ(packs(), 1U);
  EXPECT_EQ(snapshots("alice").size(), 2U);
}

// A file system whose type is not one of those of local disks, as that of a network is not.
TEST_F(PruneTest, TheGracePeriodIsNotSkippedInAStoreThatIsNotOnALocalDisk) {
  for (int i = 0; i < 4; ++i) night("alice");
  const base::Path disk = mailstow_.directory() / "disk";
  const base::Path original = mailstow_.store();
  std::filesystem::create_directory(disk);
  mailstow_.config()["store"]["path"] = (disk / "store").string();
  mailstow_.save();
  std::string script = "mount -t ramfs ramfs '" + disk.string() + "' && cp -a '" +
                       original.string() + "' '" + disk.string() + "/store' || exit 9\n";
  for (const std::string& word : mailstow_.backupd_command({"prune", "--skip-grace"})) {
    script += "'" + word + "' ";
  }
  script += "\nstatus=$?\ndiff -r '" + original.string() + "/packs' '" + disk.string() +
            "/store/packs' && exit $status\n";
  const auto result =
      servers::run_program({"unshare", "--map-root-user", "--mount", "sh", "-c", script});
  EXPECT_EQ(result.status, 2) << result.err;
  EXPECT_THAT(result.err, HasSubstr("/store is not on a local disk, so readers on other machines "
                                    "cannot be seen: prune without the option"));
  EXPECT_EQ(result.out, "") << "nothing was deleted";
}

TEST_F(PruneTest, LeavesAStoreWithAnotherWriterAlone) {
  night("alice");
  const auto lock =
      base::real_file_system().try_lock(mailstow_.store() / "lock", base::LockMode::kExclusive);
  const auto refused = mailstow_.backupd({"prune"});
  EXPECT_EQ(refused.status, 5);
  EXPECT_THAT(refused.err, HasSubstr("another mailstow process is writing to it"));
  const json plan = mailstow_.backupd_json({"prune", "--dry-run"});
  EXPECT_TRUE(plan["packs"].is_null()) << "the plan still lists the snapshots";
  EXPECT_FALSE(plan["accounts"].empty());
}

TEST_F(PruneTest, APlanReportsPacksThatItCannotRead) {
  night("alice");
  // A directory in the place of a leftover file: removing it fails.
  std::filesystem::create_directories(mailstow_.store() / "packs" / ".mailstow-1-0.tmp" / "in");
  const json plan = mailstow_.backupd_json({"prune", "--dry-run"}, 3);
  EXPECT_TRUE(plan["packs"].is_null());
  EXPECT_THAT(plan["packs_unavailable"].get<std::string>(), HasSubstr(".mailstow-1-0.tmp"));
  EXPECT_FALSE(plan["accounts"].empty());
  EXPECT_THAT(mailstow_.backupd({"prune", "--dry-run"}).err, HasSubstr(".mailstow-1-0.tmp"));
}

TEST_F(PruneTest, ForgetWithPruneLeavesTheGracePeriodToReaders) {
  mailstow_.config()["retention"]["grace"] = "24h";
  mailstow_.save();
  deliver("bob", 30);
  night("alice");
  const std::size_t before = packs();
  const json done = mailstow_.backupd_json({"forget", "alice", "--yes", "--prune"});
  EXPECT_GT(done["packs"]["waiting"], 0);
  EXPECT_GE(packs(), before);
  EXPECT_EQ(mailstow_.backupd_json({"prune", "--skip-grace"})["packs"]["waiting"], 0);
  EXPECT_EQ(mailstow_.backupd_json({"status"})["store"]["messages"], 30);
}

// A file system of 51 MB in a mount namespace of its own: a dead pack of 18 MB, and one of 27 MB of
// which half is dead, more than the disk has room for beside them.
TEST_F(PruneTest, FreesASmallDiskThreeTimesInARow) {
  mailstow_.config()["retention"]["last"] = 1;
  mailstow_.config()["store"]["keep_free_mb"] = 1;
  mailstow_.save();
  std::mt19937_64 random(7);
  servers::ImapClient alice = server_.client("alice");
  const auto letters = [&](unsigned count) {
    constexpr std::string_view kDigits =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/";
    std::string line(70, ' ');
    line += "\r\n";
    for (; count > 0; --count) {
      std::string text = "Subject: large\r\n\r\n";
      for (int lines = 0; lines < 14'000; ++lines) {
        std::uint64_t digits = 0;
        for (std::size_t at = 0; at < line.size() - 2; ++at) {
          if (at % 10 == 0) digits = random();
          line[at] = kDigits[digits % kDigits.size()];
          digits /= kDigits.size();
        }
        text += line;
      }
      alice.append("INBOX", std::vector<servers::Delivery>{{text}});
    }
  };
  const auto expunge = [&](const std::string& messages) {
    alice.command("SELECT INBOX");
    alice.command("STORE " + messages + " +FLAGS (\\Deleted)");
    alice.command("EXPUNGE");
    alice.command("CLOSE");
  };
  const auto back_up = [&] {
    EXPECT_EQ(mailstow_.backupd({"once", "--account", "alice"}).status, 0);
  };
  deliver("alice", 1);  // it stays: this is no mass deletion
  letters(24);
  back_up();
  expunge("2:*");
  letters(36);
  back_up();
  expunge("2:19");
  back_up();

  const base::Path disk = mailstow_.directory() / "disk";
  const base::Path original = mailstow_.store();
  std::filesystem::create_directory(disk);
  mailstow_.config()["store"]["path"] = (disk / "store").string();
  mailstow_.save();
  std::string script = "mount -t tmpfs -o size=51m tmpfs '" + disk.string() + "' && cp -a '" +
                       original.string() + "' '" + disk.string() + "/store' || exit 9\n";
  const auto run = [&](const std::vector<std::string>& command) {
    for (const std::string& word : mailstow_.backupd_command(command)) script += "'" + word + "' ";
    script += ">&2; echo $?; df --output=avail -k '" + disk.string() + "' | tail -n 1\n";
  };
  for (int time = 0; time < 3; ++time) run({"prune"});
  run({"check", "--read-data"});
  const auto result =
      servers::run_program({"unshare", "--map-root-user", "--mount", "sh", "-c", script});
  ASSERT_EQ(result.status, 0) << result.err;
  std::istringstream lines(result.out);
  std::vector<int> statuses;
  std::vector<int> free;  // kB
  for (int status = 0, room = 0; lines >> status >> room;) {
    statuses.push_back(status);
    free.push_back(room);
  }
  EXPECT_THAT(statuses, testing::ElementsAre(3, 0, 0, 0)) << result.err;
  ASSERT_EQ(free.size(), 4U) << result.out;
  EXPECT_LT(free[0], 13'000) << "the living half doesn't fit beside both packs";
  EXPECT_GT(free[2], 33'000) << result.out << result.err;
  EXPECT_THAT(result.err, HasSubstr("The store is intact"));
}

}  // namespace
}  // namespace backupd
