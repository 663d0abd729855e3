// Commands that only read need to write nothing: they work with an index whose disk is full or
// read-only. A sweep does what it can.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"

namespace backupd {
namespace {

using programs::find_by;
using programs::json;
using testing::HasSubstr;
using testing::Not;

// The index is on a small disk of its own, in a mount namespace of its own.
class ReadingTest : public testing::Test {
 protected:
  ReadingTest() {
    servers::fill_account(server_, "alice", 20);
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.save();
    mailstow_.make_store();
    mailstow_.backupd_json({"once"});
    std::filesystem::create_directory(disk_);
  }

  // Stops at the first command that fails. `prepare` is a shell script.
  servers::ProcessResult run_all(const std::string& prepare,
                                 const std::vector<std::vector<std::string>>& commands) {
    std::string script = "set -e\nmount -t tmpfs -o size=4m tmpfs " + quoted(disk_) + "\ncp -a " +
                         quoted(mailstow_.index()) + "/. " + quoted(disk_) + "\n";
    mailstow_.config()["store"]["index"] = disk_.string();
    mailstow_.save();
    script += prepare + "\n";
    for (const std::vector<std::string>& command : commands) script += line(command);
    return servers::run_program(
        {"unshare", "--map-root-user", "--mount", "sh", "-c", script + "echo everything\n"});
  }

  // A shell script. A backup has reserved room for lines in the audit log, although no command has
  // had one yet.
  std::string fill_disk() const {
    return "( " + line(mailstow_.backupd_command({"-q", "once"})) +
           ") > /dev/null\ndd if=/dev/zero of=" + quoted(disk_ / "fill") +
           " bs=4096 2>/dev/null || true\n";
  }

  std::string make_due_tree() const {
    return mailstow_.restore_json(
        {"run", "alice", "--folder", "INBOX", "--expire-after", "1s"})["tree"];
  }

  servers::ProcessResult sweep_on_full_disk(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"sweep", "--json"});
    return run_all(fill_disk(), {mailstow_.restore_command(options)});
  }

  static std::string line(const std::vector<std::string>& command) {
    std::string text;
    for (const std::string& word : command) text += quoted(word) + " ";
    return text + "\n";
  }

  static std::string quoted(const base::Path& word) { return "'" + word.string() + "'"; }

  std::vector<std::vector<std::string>> reading() const {
    const auto out = [&](const char* name) { return (mailstow_.directory() / name).string(); };
    return {mailstow_.backupd_command({"status"}),
            mailstow_.restore_command({"accounts"}),
            mailstow_.restore_command({"snapshots", "alice"}),
            mailstow_.restore_command({"folders", "alice"}),
            mailstow_.restore_command({"messages", "alice", "INBOX"}),
            mailstow_.restore_command({"search", "alice", "before:2099-01-01"}),
            mailstow_.backupd_command({"check", "--read-data"}),
            mailstow_.backupd_command({"prune", "--dry-run"}),
            mailstow_.restore_command(
                {"export", "alice", "--folder", "INBOX", "--format", "eml", "--to", out("out")}),
            mailstow_.restore_command({"run", "alice", "--folder", "INBOX"}),
            mailstow_.backupd_command({"drill"}),
            mailstow_.restore_command({"trees"}),
            // Nothing is left that a failure began.
            {"sh", "-c", R"(! ls -A "$0" | grep "^[.]mailstow-")", disk_.string()}};
  }

  void expect_everything(const servers::ProcessResult& result) {
    EXPECT_EQ(result.status, 0) << result.err << result.out;
    EXPECT_THAT(result.out, HasSubstr("everything"));
    EXPECT_THAT(result.out, HasSubstr("The store is intact"));
    EXPECT_FALSE(servers::account_state(server_, "alice").below("RESTORED", '/').empty());
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  base::Path disk_ = mailstow_.directory() / "disk";
};

TEST_F(ReadingTest, AFullDiskIsEnough) {
  expect_everything(run_all(fill_disk(), reading()));
}

// It can't record what it found about the clock, and can't rescue mail that a user put into a tree.
TEST_F(ReadingTest, ASweepOnAFullDiskDeletesWhatItCan) {
  const std::string gone = make_due_tree();
  const std::string kept = make_due_tree();
  server_.client("alice").append(kept + "/INBOX",
                                 std::vector<servers::Delivery>{{"Subject: mine\r\n\r\n"}});
  const auto result = sweep_on_full_disk();
  ASSERT_EQ(result.status, 3) << result.err << result.out;
  const json report = json::parse(result.out);
  ASSERT_EQ(report["not_recorded"].size(), 1U) << report;
  EXPECT_THAT(report["not_recorded"][0].get<std::string>(), HasSubstr("about the clock"));
  EXPECT_EQ(find_by(report["trees"], "tree", gone)["finished"], true) << report;
  const json level =
      find_by(find_by(report["trees"], "tree", kept)["levels"], "folder", kept + "/INBOX");
  EXPECT_EQ(level["action"], "kept for now") << report;
  EXPECT_THAT(level["why"].get<std::string>(), HasSubstr("could not be rescued"));
  const auto state = servers::account_state(server_, "alice");
  EXPECT_TRUE(state.below(gone, '/').empty());
  EXPECT_FALSE(state.folders.at(kept + "/INBOX").messages.empty());

  mailstow_.config()["store"]["index"] = mailstow_.index().string();
  mailstow_.save();
  const json with_room = mailstow_.restore_json({"sweep"});
  ASSERT_EQ(with_room["trees"].size(), 1U) << "a tree that is gone is due no longer";
  EXPECT_EQ(with_room["trees"][0]["finished"], true) << with_room;
  EXPECT_FALSE(with_room.contains("not_recorded"));
}

// A clock that an earlier sweep found right, without room to record it, may have jumped once more.
TEST_F(ReadingTest, ADoubtAboutTheClockDoesNotEndOnAFullDisk) {
  const std::string tree = make_due_tree();
  std::ofstream(mailstow_.index() / "sweeper.json") << R"({"doubted": 1})";
  const auto held_back = sweep_on_full_disk();
  EXPECT_EQ(held_back.status, 3) << held_back.err << held_back.out;
  EXPECT_THAT(held_back.out, HasSubstr("the system's clock is in doubt, and "));
  EXPECT_FALSE(servers::account_state(server_, "alice").below(tree, '/').empty());

  const auto swept = sweep_on_full_disk({"--now"});
  EXPECT_EQ(swept.status, 3) << swept.err << swept.out;
  EXPECT_TRUE(servers::account_state(server_, "alice").below(tree, '/').empty());
}

// What shows no mail has no line in the audit log, and so needs nothing but the default
// configuration.
TEST_F(ReadingTest, AReadOnlyDiskIsEnoughForWhatShowsNoMail) {
  const std::string tree = mailstow_.restore_json({"run", "alice", "--folder", "INBOX"}).at("tree");
  ASSERT_EQ(mailstow_.restore({"expire", "alice", tree}).status, 0);
  const std::string read_only = "mount -o remount,ro " + quoted(disk_);
  const auto result = run_all(
      read_only,
      {mailstow_.backupd_command({"status"}), mailstow_.backupd_command({"status", "--history"}),
       mailstow_.restore_command({"accounts"}), mailstow_.restore_command({"trees"}),
       mailstow_.backupd_command({"check", "--read-data"}),
       mailstow_.backupd_command({"prune", "--dry-run"}),
       mailstow_.restore_command({"sweep", "--dry-run"})});
  EXPECT_EQ(result.status, 0) << result.err << result.out;
  EXPECT_THAT(result.out, HasSubstr("everything"));
  EXPECT_THAT(result.out, HasSubstr("Pack details are unavailable: "));
  EXPECT_THAT(result.out, HasSubstr("would be deleted"));
  EXPECT_FALSE(servers::account_state(server_, "alice").below("RESTORED", '/').empty());
}

// Cron mails all that a job prints on stderr.
TEST_F(ReadingTest, AReadOnlyDiskIsNoErrorOfJobsThatOnlyRead) {
  const std::string read_only = "mount -o remount,ro " + quoted(disk_);
  const auto quiet = run_all(read_only, {mailstow_.backupd_command({"-q", "check"}),
                                         mailstow_.backupd_command({"-q", "check", "--read-data"}),
                                         mailstow_.backupd_command({"-q", "drill"})});
  EXPECT_EQ(quiet.status, 0) << quiet.out;
  EXPECT_EQ(quiet.err, "");
  EXPECT_THAT(quiet.out, HasSubstr("everything"));
  const auto result = run_all(read_only, {mailstow_.backupd_command({"check"})});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("there will be no record of this run"));
  EXPECT_THAT(result.err, Not(HasSubstr("error")));
}

TEST_F(ReadingTest, AReadOnlyDiskIsEnoughIfTheAuditLogIsElsewhere) {
  const std::string read_only = "mount -o remount,ro " + quoted(disk_);
  const auto refused = run_all(read_only, {mailstow_.restore_command({"folders", "alice"})});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("store.audit_log can name a file on another disk"));
  EXPECT_THAT(refused.out, Not(HasSubstr("INBOX")));

  mailstow_.config()["store"]["audit_log"] = (mailstow_.directory() / "audit.log").string();
  const auto result = run_all(read_only, reading());
  expect_everything(result);
  EXPECT_THAT(result.out, HasSubstr("Pack details are unavailable: "));
}

}  // namespace
}  // namespace backupd
