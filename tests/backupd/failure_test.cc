// Each failure prints one line with a remedy, has its exit status, and does no damage.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "base/atomic_file.h"
#include "store/format/location.h"
#include "store/writer.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/dovecot.h"

namespace backupd {
namespace {

using programs::json;
using testing::HasSubstr;

class FailureTest : public testing::Test {
 protected:
  FailureTest() {
    servers::fill_account(server_, "alice", 30);
    mailstow_.backupd({"init"});
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
  std::ofstream(mailstow_.folder() / "wrong") << "not-the-password\n";
  server_config()["admin"]["password_file"] = (mailstow_.folder() / "wrong").string();
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
  std::filesystem::rename(mailstow_.key_file(), mailstow_.folder() / "away");
  expect_failure(2, "store.key");
  std::filesystem::rename(mailstow_.folder() / "away", mailstow_.key_file());
}

TEST_F(FailureTest, AWrongKey) {
  programs::Installation other(server_);
  other.backupd({"init"});
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

TEST_F(FailureTest, AnExistingStoreIsNotInitialisedAgain) {
  const auto result = mailstow_.backupd({"init"});
  EXPECT_EQ(result.status, 2) << result.err;
}

// On a small file system of its own, in a mount namespace of its own.
class FullDiskTest : public FailureTest {
 protected:
  void expect_failure_on_full_disk(unsigned keep_free_mb, const std::string& text);
};

void FullDiskTest::expect_failure_on_full_disk(unsigned keep_free_mb, const std::string& text) {
  const base::Path disk = mailstow_.folder() / "disk";
  std::filesystem::create_directory(disk);
  mailstow_.config()["store"] = {{"path", (disk / "store").string()},
                                 {"index", (mailstow_.folder() / "index2").string()},
                                 {"key_file", (mailstow_.folder() / "key2").string()},
                                 {"keep_free_mb", keep_free_mb}};
  mailstow_.save();
  std::string program;
  for (const std::string& word : mailstow_.backupd_command({"-q"})) program += "'" + word + "' ";
  const auto result =
      servers::run_program({"unshare", "--map-root-user", "--mount", "sh", "-c",
                            "mount -t tmpfs -o size=40k tmpfs '" + disk.string() + "' && " +
                                program + "init >/dev/null && " + program + "once"});
  EXPECT_EQ(result.status, 1) << result.err;
  EXPECT_THAT(result.err, HasSubstr(text));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
}

TEST_F(FullDiskTest, AFullDisk) {
  expect_failure_on_full_disk(0, "free some space");
}

TEST_F(FullDiskTest, ANearlyFullDisk) {
  expect_failure_on_full_disk(256, "must stay free: make room, prune, or set store.keep_free_mb");
}

}  // namespace
}  // namespace backupd
