// `mailstow-backupd prune` and `forget` on a full disk that holds the store and its index, as by
// default.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace backupd {
namespace {

using programs::json;
using testing::AllOf;
using testing::Each;
using testing::Field;
using testing::Ge;
using testing::HasSubstr;
using testing::SizeIs;

// The small disk is in a mount namespace of its own.
class FullDiskPruneTest : public testing::Test {
 protected:
  struct Round {
    int free_before = -1;  // kB
    int status = -1;
    int reserve = -1;  // bytes
  };

  FullDiskPruneTest() {
    mailstow_.config()["retention"] = {{"keep_within", "0s"}, {"last", 1},    {"daily", 0},
                                       {"weekly", 0},         {"monthly", 0}, {"grace", "0s"}};
    mailstow_.config()["store"]["keep_free_mb"] = 1;
    mailstow_.save();
    mailstow_.make_store();
    night();
    mailstow_.backupd_json({"prune"});  // reserves the room
    servers::ImapClient alice = server_.client("alice");
    alice.command("SELECT INBOX");
    alice.command(R"(STORE 1:15 +FLAGS (\Deleted))");
    alice.command("EXPUNGE");  // most of the first pack is dead once its snapshot is dropped
    for (int i = 0; i < 2; ++i) night();
    std::filesystem::create_directory(disk_);
  }

  void night() {
    std::vector<servers::Delivery> news;
    for (unsigned i = 0; i < 20; ++i) news.push_back({mail_.text(3'000)});
    server_.client("alice").append("INBOX", news);
    mailstow_.backupd_json({"once"});
  }

  // Fills the disk before each prune. `prepare` is a shell script, run while the disk has room.
  std::vector<Round> prune_full_disk(int rounds, const std::string& prepare) {
    return run_on_full_disk(
        std::vector<Command>(static_cast<std::size_t>(rounds), {"prune", "--json"}), prepare);
  }

  // The same for other commands.
  using Command = std::vector<std::string>;
  std::vector<Round> run_on_full_disk(const std::vector<Command>& commands,
                                      const std::string& prepare) {
    const auto quoted = [](const base::Path& path) { return "'" + path.string() + "'"; };
    mailstow_.config()["store"]["path"] = (disk_ / "store").string();
    mailstow_.config()["store"]["index"] = (disk_ / "index").string();
    const auto line = [&](const Command& arguments) {
      std::string text;
      for (const std::string& word : mailstow_.backupd_command(arguments))
        text += quoted(word) + " ";
      return text;
    };
    std::string script = "set -e\nmount -t tmpfs -o size=24m tmpfs " + quoted(disk_) + "\ncp -a " +
                         quoted(mailstow_.store()) + " " + quoted(disk_ / "store") + "\ncp -a " +
                         quoted(mailstow_.index()) + " " + quoted(disk_ / "index") + "\n";
    mailstow_.save();
    // The room of the audit log does not come with its copy.
    script += line({"-q", "once"}) + " >&2\nrm -f " + quoted(memory_) + "\n" + prepare + "\n";
    for (std::size_t round = 0; round < commands.size(); ++round) {
      script += "dd if=/dev/zero of=" + quoted(disk_ / ("fill" + std::to_string(round))) +
                " bs=4096 2>/dev/null || true\ndf --output=avail -k " + quoted(disk_) +
                " | tail -n 1\nstatus=0\n" + line(commands[round]) + "> " +
                quoted(document(round)) + " || status=$?\necho $status\nstat -c %s " +
                quoted(disk_ / "store/reserve") + "\n";
    }
    script += "cp " + quoted(memory_) + " " + quoted(mailstow_.directory() / "memory") +
              " || true\n" + line({"check", "--read-data"}) + ">&2\n";
    const auto result =
        servers::run_program({"unshare", "--map-root-user", "--mount", "sh", "-c", script});
    EXPECT_EQ(result.status, 0) << result.out << result.err;
    EXPECT_THAT(result.err, HasSubstr("The store is intact"));
    std::vector<Round> done;
    std::istringstream lines(result.out);
    for (Round round; lines >> round.free_before >> round.status >> round.reserve;) {
      done.push_back(round);
    }
    return done;
  }

  base::Path document(std::size_t round) const {
    return mailstow_.directory() / ("prune" + std::to_string(round) + ".json");
  }

  json report(std::size_t round) const {
    std::ifstream file(document(round));
    return json::parse(file);
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  servers::MailGenerator mail_{11};
  base::Path disk_ = mailstow_.directory() / "disk";
  base::Path memory_ = disk_ / "index/sweeper.json";
};

// Each time, what the prune left free is filled again: the next one has a reserve all the same.
TEST_F(FullDiskPruneTest, WorksThreeTimesInARow) {
  const std::vector<Round> rounds = prune_full_disk(3, "");
  EXPECT_THAT(rounds, AllOf(SizeIs(3), Each(Field("free_before", &Round::free_before, 0))));
  EXPECT_THAT(rounds, Each(Field("status", &Round::status, 0)));
  EXPECT_THAT(rounds, Each(Field("reserve", &Round::reserve, Ge(1'500'000))));
  EXPECT_GE(report(0)["dropped"], 1);
  EXPECT_GE(report(0)["packs"]["rewritten"], 1) << report(0);
  EXPECT_GE(report(1)["packs"]["deleted"], 1) << report(1);
  std::ifstream memory(mailstow_.directory() / "memory");
  EXPECT_TRUE(json::parse(memory)["trusted"].is_object()) << "the clock was found right";
}

// Another program takes whatever a prune leaves free, for many nights.
TEST_F(FullDiskPruneTest, TheReserveLastsForMonths) {
  const std::vector<Round> rounds = prune_full_disk(10, "");
  EXPECT_THAT(rounds, AllOf(SizeIs(10), Each(Field("status", &Round::status, 0))));
  EXPECT_GE(rounds.back().reserve, rounds.front().reserve - 9 * 40'000);
}

// As a program leaves it that was killed: without room beside the index, it can't even be read.
TEST_F(FullDiskPruneTest, AnIndexThatHasALogIsRead) {
  const std::vector<Round> rounds = prune_full_disk(
      1, "head -c 100 /dev/zero > '" + (disk_ / "index/index.sqlite-wal").string() + "'");
  EXPECT_THAT(rounds, AllOf(SizeIs(1), Each(Field("status", &Round::status, 0))));
  EXPECT_GE(report(0)["dropped"], 1);
}

TEST_F(FullDiskPruneTest, AnAccountWithAcknowledgementsIsForgottenThoughTheIndexHasALog) {
  mailstow_.config()["guards"] = {{"vanished_messages", 10}};
  mailstow_.save();
  EXPECT_EQ(mailstow_.backupd({"acknowledge", "alice"}).status, 0);
  const std::vector<Round> rounds = run_on_full_disk(
      {{"forget", "alice", "--yes", "--prune", "--json"}},
      "head -c 100 /dev/zero > '" + (disk_ / "index/index.sqlite-wal").string() + "'");
  EXPECT_THAT(rounds, AllOf(SizeIs(1), Each(Field("status", &Round::status, 0))));
  EXPECT_GE(report(0)["dropped"], 3);
  EXPECT_GE(report(0)["packs"]["condemned"], 1) << report(0);
}

// Also without acknowledgements, so that dropping is the first thing that needs room; and a doubt
// about the clock ends as before a prune.
TEST_F(FullDiskPruneTest, SnapshotsAreForgotten) {
  const std::string one =
      mailstow_.restore_json({"snapshots", "alice"})["snapshots"][1]["snapshot"];
  const std::vector<Round> rounds =
      run_on_full_disk({{"forget", "alice", "--snapshot", one, "--yes", "--json"},
                        {"forget", "bob", "--yes", "--json"},
                        {"forget", "alice", "--yes", "--prune", "--json"}},
                       "echo '{\"doubted\": 1}' > '" + memory_.string() + "'");
  EXPECT_THAT(rounds, AllOf(SizeIs(3), Each(Field("free_before", &Round::free_before, 0))));
  EXPECT_THAT(rounds, Each(Field("status", &Round::status, 0)));
  EXPECT_THAT(rounds, Each(Field("reserve", &Round::reserve, Ge(1'500'000))));
  EXPECT_EQ(report(0)["dropped"], 1) << report(0);
  // Two backups of the same state in one second are one snapshot.
  EXPECT_GE(report(1)["dropped"], 1) << report(1);
  EXPECT_GE(report(2)["dropped"], 2) << report(2);
  std::ifstream memory(mailstow_.directory() / "memory");
  EXPECT_TRUE(json::parse(memory)["trusted"].is_object()) << "the clock was found right";
}

}  // namespace
}  // namespace backupd
