// Each failure prints one line with a remedy, has its exit status, and does no damage.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "base/atomic_file.h"
#include "store/format/location.h"
#include "store/writer.h"
#include "tests/backupd/report/refusals.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/dovecot.h"

namespace backupd {
namespace {

using programs::json;
using testing::HasSubstr;
using testing::Not;

class FailureTest : public testing::Test {
 protected:
  FailureTest() {
    servers::fill_account(server_, "alice", 30);
    mailstow_.make_store();
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.save();
    mailstow_.backupd_json({"once"});
  }

  json& server_config() { return mailstow_.config()["servers"]["main"]; }

  // Runs once with the present configuration, and restores the right one afterwards.
  void expect_failure(int status, const std::string& text) {
    mailstow_.save();
    const auto result = mailstow_.backupd({"-q", "once"});
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_THAT(result.err, HasSubstr(text));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }

  void expect_undamaged() {
    mailstow_.config() = good_;
    mailstow_.save();
    const json account = mailstow_.backupd_json({"once"})["accounts"][0];
    EXPECT_EQ(account["messages"], 30);
    EXPECT_EQ(account["fetched_bytes"], 0);
  }

  void TearDown() override { expect_undamaged(); }

  void SetUp() override { good_ = mailstow_.config(); }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  json good_;
};

TEST_F(FailureTest, AWrongPassword) {
  std::ofstream(mailstow_.directory() / "wrong") << "not-the-password\n";
  server_config()["admin"]["password_file"] = (mailstow_.directory() / "wrong").string();
  expect_failure(1, "alice");
}

TEST_F(FailureTest, AMissingPasswordFile) {
  server_config()["admin"]["password_file"] = "/nowhere/password";
  expect_failure(2, "/nowhere/password: there is no such file");
}

TEST_F(FailureTest, AnUnknownHost) {
  server_config()["url"] = "imaps://no-such-host.invalid";
  expect_failure(1, "no-such-host.invalid");
}

// Everything that cron would mail.
TEST_F(FailureTest, ADeadServerIsOneProblemForAllItsAccounts) {
  constexpr std::size_t kAccounts = 500;
  server_config()["url"] = "imap://127.0.0.1:1";
  json& accounts = mailstow_.config()["accounts"];
  accounts = json::array();
  for (std::size_t number = 0; number < kAccounts; ++number) {
    accounts.push_back({{"name", "user" + std::to_string(number)}, {"server", "main"}});
  }
  mailstow_.save();
  const auto result = mailstow_.backupd({"once"});
  EXPECT_EQ(result.status, 1);
  const std::string printed = result.out + result.err;
  EXPECT_LE(std::ranges::count(printed, '\n'), 20) << printed;
  EXPECT_THAT(result.out, HasSubstr("500 accounts are not backed up"));
  const json report = mailstow_.backupd_json({"once"}, 1);
  EXPECT_EQ(report["accounts"].size(), kAccounts);
}

// The server's refusal is the same for all accounts, but mailstow names the account in front of it.
TEST_F(FailureTest, AWrongAdminPasswordIsOneProblemForAllAccounts) {
  constexpr std::size_t kAccounts = 30;
  const base::Path wrong = mailstow_.directory() / "wrong";
  std::ofstream(wrong) << "not-the-password\n";
  std::filesystem::permissions(wrong, std::filesystem::perms(0600));
  server_config()["admin"]["password_file"] = wrong.string();
  server_config()["connections"] = kAccounts;  // Dovecot answers failed logins every half second
  json& accounts = mailstow_.config()["accounts"];
  accounts = json::array();
  for (std::size_t number = 0; number < kAccounts; ++number) {
    const std::string name = word_of(number);
    accounts.push_back({{"name", "of-" + name}, {"server", "main"}, {"user", name + "@x.org"}});
  }
  mailstow_.save();
  const auto result = mailstow_.backupd({"once"});
  EXPECT_EQ(result.status, 1);
  EXPECT_LE(std::ranges::count(result.out + result.err, '\n'), 20) << result.out << result.err;
  EXPECT_THAT(result.out, HasSubstr("30 accounts are not backed up, for example of-k: imap://"));
  EXPECT_THAT(result.out, HasSubstr("ALARM for 30 of them: it was never backed up successfully"));
  EXPECT_THAT(result.err, HasSubstr("29 more errors of accounts: 29 with a cause named above"));

  const json report = mailstow_.backupd_json({"-q", "once"}, 1);
  const json last = programs::find_by(report["accounts"], "account", "of-mt");
  EXPECT_EQ(last["user"], "mt@x.org");
  EXPECT_THAT(last["error"].get<std::string>(),
              HasSubstr("login of backup as mt@x.org: the server refused: NO "));

  const std::string status = mailstow_.backupd({"status"}).out;
  EXPECT_THAT(status, HasSubstr("30 accounts are not backed up, for example of-k: imap://"));
  EXPECT_THAT(status, Not(HasSubstr("as mt@x.org")));

  const std::string examined = mailstow_.backupd({"doctor"}).out;
  const std::string login =
      "FAILURE  login of-k, of-l, of-m and 2 more (see "
      "`mailstow-backupd doctor --json`): for example imap://";
  EXPECT_THAT(examined, HasSubstr(login));
  EXPECT_THAT(examined, HasSubstr("login of backup as k@x.org: the server refused: NO "));
  EXPECT_THAT(examined, Not(HasSubstr("login of backup as l@x.org")));
}

TEST_F(FailureTest, AnUntrustedCertificate) {
  server_config()["ca_file"] = server_.stranger_ca_file().string();
  expect_failure(1, "certificate");
}

TEST_F(FailureTest, ACertificateForAnotherHost) {
  server_config()["url"] = server_.misnamed_url();
  expect_failure(1, "certificate");
}

TEST_F(FailureTest, AServerThatRefusesStarttls) {
  server_config()["url"] = server_.plain_url();
  expect_failure(1, "STARTTLS");
}

TEST_F(FailureTest, AMissingKeyFile) {
  std::filesystem::rename(mailstow_.key_file(), mailstow_.directory() / "away");
  expect_failure(2, "store.key");
  std::filesystem::rename(mailstow_.directory() / "away", mailstow_.key_file());
}

TEST_F(FailureTest, AWrongKey) {
  programs::Installation other(server_);
  other.make_store();
  mailstow_.config()["store"]["key_file"] = other.key_file().string();
  expect_failure(2, "key");
}

TEST_F(FailureTest, AnUnknownConfigurationKey) {
  mailstow_.config()["exlude"] = json::array();
  expect_failure(2, "did you mean \"exclude\"?");
}

TEST_F(FailureTest, AStoreThatAnotherProcessHolds) {
  const store::Location location{mailstow_.store(), mailstow_.index(), mailstow_.key_file()};
  const auto holder = store::Writer::open(location, base::real_file_system(), base::system_clock());
  expect_failure(5, "another mailstow process is writing to it");
}

TEST_F(FailureTest, AnOlderStateIsReportedByCommandsThatRead) {
  const std::vector<base::Path> directories = {mailstow_.store(), mailstow_.index()};
  for (const base::Path& directory : directories) {
    std::filesystem::copy(directory, directory.string() + ".old",
                          std::filesystem::copy_options::recursive);
  }
  mailstow_.backupd_json({"once"});
  for (const base::Path& directory : directories) {
    std::filesystem::rename(directory, directory.string() + ".new");
    std::filesystem::rename(directory.string() + ".old", directory);
  }
  const auto expect_warning = [](const servers::ProcessResult& result) {
    EXPECT_EQ(result.status, 0) << result.err;
    const std::string warning = "is in an older state than before";
    const std::size_t first = result.err.find(warning);
    EXPECT_NE(first, std::string::npos) << result.err;
    EXPECT_EQ(result.err.rfind(warning), first) << "once in a command: " << result.err;
  };
  expect_warning(mailstow_.backupd({"status"}));
  expect_warning(mailstow_.restore({"accounts"}));
  expect_warning(mailstow_.restore({"snapshots", "alice"}));
  expect_warning(mailstow_.restore({"folders", "alice"}));
  expect_warning(mailstow_.restore({"run", "alice", "--all", "--dry-run"}));
  EXPECT_EQ(mailstow_.backupd({"once"}).status, 4);
  for (const base::Path& directory : directories) {
    std::filesystem::remove_all(directory);
    std::filesystem::rename(directory.string() + ".new", directory);
  }
}

TEST_F(FailureTest, AnExistingStoreIsNotInitialisedAgain) {
  const auto result = mailstow_.backupd({"init"});
  EXPECT_EQ(result.status, 2) << result.err;
}

// On a small file system of its own, in a mount namespace of its own.
class FullDiskTest : public FailureTest {
 protected:
  void expect_failure_on_full_disk(unsigned keep_free_mb, const std::string& text);

  // Runs init and once, with the store's files below `disk`, which is of this size.
  servers::ProcessResult back_up_to(const base::Path& disk, const std::string& size,
                                    const std::string& options) const {
    std::string program;
    for (const std::string& word : mailstow_.backupd_command({"-q"})) program += "'" + word + "' ";
    return servers::run_program({"unshare", "--map-root-user", "--mount", "sh", "-c",
                                 "mount -t tmpfs -o size=" + size + " tmpfs '" + disk.string() +
                                     "' && " + program + "init >/dev/null && " + program + "once" +
                                     options});
  }
};

void FullDiskTest::expect_failure_on_full_disk(unsigned keep_free_mb, const std::string& text) {
  const base::Path disk = mailstow_.directory() / "disk";
  std::filesystem::create_directory(disk);
  mailstow_.config()["store"] = {{"path", (disk / "store").string()},
                                 {"index", (mailstow_.directory() / "index2").string()},
                                 {"key_file", (mailstow_.directory() / "key2").string()},
                                 {"keep_free_mb", keep_free_mb}};
  mailstow_.save();
  const auto result = back_up_to(disk, "40k", "");
  EXPECT_EQ(result.status, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr(text));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
}

// It goes to a file in the index's directory while it arrives.
TEST_F(FullDiskTest, AMessageForWhichThereIsNoRoomIsSkippedAlone) {
  std::string large = "Subject: large\r\n\r\n";
  while (large.size() < 12'000'000) large.append(70, 'x').append("\r\n");
  server_.client("bob").append("INBOX",
                               std::vector<servers::Delivery>{
                                   {"Subject: first\r\n\r\n"}, {large}, {"Subject: last\r\n\r\n"}});
  const base::Path disk = mailstow_.directory() / "disk";
  std::filesystem::create_directory(disk);
  mailstow_.config()["accounts"] = {{{"name", "bob"}, {"server", "main"}}};
  mailstow_.config()["store"] = {{"path", (mailstow_.directory() / "store2").string()},
                                 {"index", (disk / "index").string()},
                                 {"key_file", (mailstow_.directory() / "key2").string()},
                                 {"keep_free_mb", 0}};
  mailstow_.save();
  const auto result = back_up_to(disk, "6m", " --json");
  EXPECT_EQ(result.status, 3) << result.err;
  const json account = json::parse(result.out)["accounts"][0];
  EXPECT_EQ(account["messages"], 2);
  ASSERT_EQ(account["skipped"].size(), 1U) << account;
  EXPECT_THAT(account["skipped"][0]["reason"].get<std::string>(), HasSubstr("No space left"));
}

TEST_F(FullDiskTest, AFullDisk) {
  expect_failure_on_full_disk(0, "free some space");
}

TEST_F(FullDiskTest, ANearlyFullDisk) {
  expect_failure_on_full_disk(256, "must stay free: make room, prune, or set store.keep_free_mb");
}

}  // namespace
}  // namespace backupd
