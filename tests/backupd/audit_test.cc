// Every command that accesses mail or changes the store writes its line to the audit log, and root
// leaves no files of its own in another user's store.
#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/handle.h"
#include "tests/programs/installation.h"
#include "tests/servers/dovecot.h"

namespace backupd {
namespace {

using programs::json;
using testing::ElementsAre;
using testing::IsEmpty;

class AuditTest : public testing::Test {
 protected:
  AuditTest() {
    server_.client("alice").append("INBOX", {{{.bytes = "Subject: one\r\n\r\nbody\r\n"}}});
  }

  std::vector<json> lines() const {
    std::vector<json> parsed;
    std::ifstream file(mailstow_.index() / "audit.log");
    for (std::string line; std::getline(file, line);) parsed.push_back(json::parse(line));
    return parsed;
  }

  std::vector<std::string> commands() const {
    std::vector<std::string> words;
    for (const json& line : lines()) {
      words.push_back(line["command"].get<std::string>() + " " + line.value("account", "-"));
    }
    return words;
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(AuditTest, RecordsWhichUserAccessedWhoseMail) {
  mailstow_.backupd({"init"});
  mailstow_.backupd({"once"});
  mailstow_.backupd({"status"});
  mailstow_.backupd({"prune", "--dry-run"});
  mailstow_.restore({"sweep", "--dry-run"});
  EXPECT_THAT(commands(), IsEmpty());

  mailstow_.restore({"search", "alice", "subject:one"});
  mailstow_.restore({"messages", "alice", "INBOX"});
  mailstow_.restore({"show", "alice", "00000000", "--raw"});
  mailstow_.restore({"diff", "alice", "--from", "yesterday"});
  mailstow_.restore(
      {"export", "alice", "--format", "eml", "--to", (mailstow_.directory() / "out").string()});
  mailstow_.restore({"run", "alice", "--all", "--dry-run"});
  mailstow_.restore({"extend", "alice", "RESTORED/20260101T000000", "7d"});
  mailstow_.restore({"expire", "alice", "RESTORED/20260101T000000"});
  mailstow_.restore({"sweep"});
  EXPECT_THAT(commands(),
              ElementsAre("search alice", "messages alice", "show alice", "diff alice",
                          "export alice", "run alice", "extend alice", "expire alice", "sweep -"));

  const json line = lines().front();
  EXPECT_EQ(line["program"], "mailstow-restore");
  EXPECT_EQ(line["user"], ::getpwuid(::getuid())->pw_name);
  EXPECT_THAT(line["time"].get<std::string>(), testing::MatchesRegex("20.*T.*Z"));
  EXPECT_EQ(line["arguments"],
            (json{"--config", mailstow_.config_file().string(), "search", "alice", "subject:one"}));
}

TEST_F(AuditTest, RecordsCommandsThatChangeTheStore) {
  mailstow_.backupd({"init"});
  mailstow_.backupd({"once"});
  mailstow_.backupd({"check"});
  mailstow_.backupd({"prune"});
  mailstow_.backupd({"key", "export", (mailstow_.directory() / "paper").string()});
  mailstow_.backupd({"key", "list"});
  mailstow_.backupd({"forget", "bob"});
  mailstow_.backupd({"forget", "bob", "--snapshot", "00000000"});
  mailstow_.backupd({"pin", "bob", "00000000"});
  mailstow_.backupd({"unpin", "bob", "00000000"});
  mailstow_.backupd({"reindex"});
  EXPECT_THAT(commands(), ElementsAre("prune -", "key export -", "forget bob", "forget bob",
                                      "pin bob", "unpin bob", "reindex -"));
}

TEST_F(AuditTest, RecordsFailedCommandsToo) {
  mailstow_.backupd({"init"});
  EXPECT_NE(mailstow_.restore({"run", "nobody-of-this-name", "--all"}).status, 0);
  EXPECT_THAT(commands(), ElementsAre("run nobody-of-this-name"));
}

TEST_F(AuditTest, WritesOneLineWhateverTheArguments) {
  mailstow_.backupd({"init"});
  mailstow_.restore({"search", "alice\n{}", "caf\xe9 \x1b[31m\nsubject:x"});
  ASSERT_EQ(lines().size(), 1U);
  EXPECT_EQ(lines()[0]["account"], "alice\n{}");
}

TEST_F(AuditTest, RefusesCommandsThatItCannotRecord) {
  mailstow_.config()["store"]["audit_log"] = (mailstow_.directory() / "a-folder").string();
  mailstow_.save();
  std::filesystem::create_directory(mailstow_.directory() / "a-folder");
  mailstow_.backupd({"init"});
  const auto result = mailstow_.restore({"search", "alice", "x"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, testing::HasSubstr("write the audit log"));
}

TEST_F(AuditTest, WritesToTheSocketIfTheFileFails) {
  mailstow_.backupd({"init"});
  mailstow_.backupd({"once"});
  mailstow_.config()["store"]["audit_log"] = (mailstow_.directory() / "a-folder").string();
  std::filesystem::create_directory(mailstow_.directory() / "a-folder");
  const base::Path place = mailstow_.directory() / "log";
  mailstow_.config()["store"]["audit_socket"] = place.string();
  mailstow_.save();
  const auto refused = mailstow_.restore({"search", "alice", "one"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, testing::HasSubstr("send the audit line to " + place.string()));

  const base::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  place.string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const auto found = mailstow_.restore({"search", "alice", "one"});
  EXPECT_EQ(found.status, 0) << found.err;
  EXPECT_THAT(found.err, testing::HasSubstr("the line goes to"));
  std::array<char, 4096> bytes{};
  const ssize_t size = ::recv(socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  ASSERT_GT(size, 0);
  const std::string message(bytes.data(), static_cast<std::size_t>(size));
  ASSERT_THAT(message, testing::StartsWith("<85>mailstow-restore: {"));
  const json line = json::parse(message.substr(message.find('{')));
  EXPECT_EQ(line["command"], "search");
  EXPECT_EQ(line["account"], "alice");
}

TEST_F(AuditTest, RoomIsReservedForLaterLines) {
  const base::Path log = mailstow_.index() / "audit.log";
  const auto expect_room = [&](const char* after) {
    struct stat status {};
    ASSERT_EQ(::stat(log.c_str(), &status), 0) << after;
    EXPECT_LT(status.st_size, 1000) << after;
    EXPECT_GE(status.st_blocks * 512, 64 * 1024) << after;
  };
  mailstow_.backupd({"init"});
  expect_room("init");
  mailstow_.restore({"search", "alice", "one"});
  expect_room("a line");
  std::filesystem::rename(log, mailstow_.index() / "audit.log.1");
  EXPECT_EQ(mailstow_.backupd({"once"}).status, 0);
  expect_room("a backup that finds no log, because it was rotated");
  EXPECT_THAT(lines(), IsEmpty());
}

// On a small disk of its own, in a mount namespace of its own.
class SmallDiskAuditTest : public AuditTest {
 protected:
  SmallDiskAuditTest() {
    mailstow_.backupd({"init"});
    mailstow_.backupd({"once"});
    std::filesystem::create_directory(disk_);
    mailstow_.config()["store"]["audit_log"] = (disk_ / "audit.log").string();
    mailstow_.save();
  }

  // What the shell script prints. `search` in it is a command with a line in the log.
  std::string run(const std::string& size, const std::string& script) const {
    std::string whole = "set -e\nsearch() {\n";
    for (const std::string& word : mailstow_.restore_command({"search", "alice", "subject:one"})) {
      whole += "'" + word + "' ";
    }
    whole += ">&2\n}\nmount -t tmpfs -o size=" + size + " tmpfs '" + disk_.string() + "'\ncd '" +
             disk_.string() + "'\n" + script;
    const auto result =
        servers::run_program({"unshare", "--map-root-user", "--mount", "sh", "-c", whole});
    EXPECT_EQ(result.status, 0) << result.err;
    return result.out;
  }

  base::Path disk_ = mailstow_.directory() / "disk";
};

// A file system that can't fulfil a request may take all that is left, which prune needs.
TEST_F(SmallDiskAuditTest, NoRoomIsReservedOnADiskThatIsNearlyFull) {
  const std::string free = run("200k", "search\ndf --output=avail -k . | tail -n 1\n");
  ASSERT_FALSE(free.empty());
  EXPECT_GT(std::stoi(free), 180) << "kB";
}

// The room ends within a line: at the end of the file's last page.
TEST_F(SmallDiskAuditTest, ALineThatDoesNotFitLeavesNothing) {
  const base::Path earlier = mailstow_.directory() / "earlier";
  std::ofstream(earlier) << R"({"command":"earlier","pad":")" << std::string(4'040, 'x') << "\"}\n";
  ASSERT_LT(std::filesystem::file_size(earlier), 4'090U);
  std::istringstream lines(run("64k", "cp '" + earlier.string() +
                                          "' audit.log\n"
                                          "dd if=/dev/zero of=fill bs=4096 2>/dev/null || true\n"
                                          "status=0\nsearch || status=$?\necho $status\n"
                                          "cmp audit.log '" +
                                          earlier.string() +
                                          "' >&2\nrm fill\nsearch\ncat audit.log\n"));
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(line, "1") << "refused";
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(json::parse(line)["command"], "earlier");
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(json::parse(line)["command"], "search");
  EXPECT_FALSE(std::getline(lines, line));
}

TEST_F(SmallDiskAuditTest, ALineThatWasCutOffBeforeDoesNotSpoilTheNextOne) {
  std::istringstream lines(
      run("64k", "printf '{\"command\":\"cut' > audit.log\nsearch\nsearch\ncat audit.log\n"));
  std::string line;
  ASSERT_TRUE(std::getline(lines, line));
  EXPECT_EQ(line, R"({"command":"cut)");
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_EQ(json::parse(line)["command"], "search");
  }
  EXPECT_FALSE(std::getline(lines, line)) << line;
}

TEST_F(AuditTest, ABackupWarnsOfALogThatCannotBeWritten) {
  mailstow_.backupd({"init"});
  mailstow_.config()["store"]["audit_log"] = (mailstow_.directory() / "a-folder").string();
  std::filesystem::create_directory(mailstow_.directory() / "a-folder");
  mailstow_.save();
  const auto once = mailstow_.backupd({"once"});
  EXPECT_EQ(once.status, 0);
  EXPECT_THAT(once.err, testing::HasSubstr("commands that look into mail are refused"));
  mailstow_.config()["store"]["audit_socket"] = "/dev/log";
  mailstow_.save();
  EXPECT_THAT(mailstow_.backupd({"once"}).err, testing::Not(testing::HasSubstr("refused")));
}

TEST_F(AuditTest, ALogThatIsAFifoBlocksNoCommand) {
  mailstow_.backupd({"init"});
  const base::Path log = mailstow_.index() / "audit.log";
  std::filesystem::remove(log);
  ASSERT_EQ(::mkfifo(log.c_str(), 0600), 0);
  const auto result = mailstow_.restore({"search", "alice", "x"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, testing::HasSubstr("write the audit log"));
  EXPECT_THAT(result.err, testing::HasSubstr("not a regular file"));
}

TEST_F(AuditTest, RootActsAsTheOwnerOfTheStore) {
  const bool is_root = ::getuid() == 0;
  const passwd* nobody = ::getpwnam("nobody");
  ASSERT_NE(nobody, nullptr);
  const uid_t owner = is_root ? nobody->pw_uid : ::getuid();
  const gid_t group = is_root ? nobody->pw_gid : ::getgid();
  ASSERT_EQ(::chown(mailstow_.directory().c_str(), owner, group), 0);
  const auto password = mailstow_.directory() / "password";
  std::ofstream(password) << servers::Server::password(servers::Server::admin());
  ASSERT_EQ(::chown(password.c_str(), owner, group), 0);
  const auto ca = mailstow_.directory() / "ca.pem";
  std::filesystem::copy_file(server_.ca_file(), ca);
  std::filesystem::permissions(ca, std::filesystem::perms(0644));
  mailstow_.config()["servers"]["main"]["admin"]["password_file"] = password.string();
  mailstow_.config()["servers"]["main"]["ca_file"] = ca.string();
  mailstow_.save();

  EXPECT_EQ(mailstow_.backupd({"init"}).status, 0);
  const auto once = mailstow_.backupd({"once"});
  EXPECT_EQ(once.status, 0) << once.err;
  EXPECT_EQ(mailstow_.backupd({"prune"}).status, 0);
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 0);
  std::size_t seen = 0;
  for (const auto& place : {mailstow_.store(), mailstow_.index()}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(place)) {
      struct stat status {};
      ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
      EXPECT_EQ(status.st_uid, owner) << entry.path();
      EXPECT_EQ(status.st_gid, group) << entry.path();
      ++seen;
    }
  }
  EXPECT_GT(seen, 5U);
  // The line names the invoking user, not the user whose identity the command took on.
  EXPECT_EQ(lines().front()["user"], ::getpwuid(::getuid())->pw_name);
}

}  // namespace
}  // namespace backupd
