#include "backupd/report/failed_backups.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_directory.h"

namespace backupd {
namespace {

using std::chrono::hours;
using std::chrono::sys_seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class FailedBackupsTest : public testing::Test {
 protected:
  FailedBackupsTest() { store_.index = directory_.path(); }

  static AccountReport failed(const std::string& account, const std::string& error) {
    AccountReport report;
    report.account = account;
    report.error = error;
    return report;
  }

  void note(const std::vector<AccountReport>& accounts) {
    PassReport report;
    report.accounts = accounts;
    note_failed_backups(base::real_file_system(), store_, report, now_);
  }

  std::vector<FailedBackup> found(std::string_view account = "") {
    return failed_backups(base::real_file_system(), store_, account);
  }

  base::Path file() const { return directory_.path() / "failed-backups.json"; }

  tests::TemporaryDirectory directory_;
  base::StoreConfig store_;
  sys_seconds now_{std::chrono::seconds(1'800'000'000)};
};

TEST_F(FailedBackupsTest, OnlyAccountsWithoutASnapshotAreKept) {
  AccountReport complete = failed("carol", "");
  complete.status = PassStatus::kComplete;
  complete.snapshot.emplace();
  AccountReport parked = failed("dave", "the connection was lost");
  parked.snapshot.emplace();
  note({complete, parked});
  EXPECT_FALSE(std::filesystem::exists(file())) << "nothing to write";
  note({failed("alice", "down"), complete, failed("bob", "down"), failed("erin", "refused")});
  EXPECT_THAT(found("bob"), ElementsAre(FailedBackup{now_, "bob", "down"}));
  EXPECT_THAT(found("carol"), IsEmpty());
  EXPECT_THAT(found(), SizeIs(3));
}

TEST_F(FailedBackupsTest, TwoInOneSecondHaveDifferentTimes) {
  for (int pass = 0; pass < 3; ++pass) note({failed("alice", "down")});
  const auto all = found("alice");
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_LT(all[0].time, all[1].time);
  EXPECT_LT(all[1].time, all[2].time);
}

TEST_F(FailedBackupsTest, TheOldestAreDropped) {
  std::vector<AccountReport> many;
  for (int number = 0; number < 4'000; ++number) {
    many.push_back(failed("account" + std::to_string(number), std::string(600, 'x')));
    many.back().error += std::to_string(number);
  }
  note({failed("alice", "first")});
  const auto last = [&] { return found("account3999").back(); };
  for (int pass = 0; pass < 2; ++pass) {
    now_ += hours(1);
    note(many);
    EXPECT_LE(std::filesystem::file_size(file()), kMaxFailureFile);
    const FailedBackup failure = last();
    EXPECT_EQ(failure.time, now_);
    EXPECT_LE(failure.error.size(), kMaxFailure);
  }
  for (int number = 0; number < 4'000; ++number) {
    many[static_cast<std::size_t>(number)].error = std::to_string(number) + std::string(600, 'x');
  }
  for (int pass = 0; pass < 2; ++pass) {
    now_ += hours(1);
    note(many);
    EXPECT_LE(std::filesystem::file_size(file()), kMaxFailureFile);
  }
  EXPECT_EQ(last().time, now_);
  EXPECT_THAT(found("alice"), IsEmpty());
}

TEST_F(FailedBackupsTest, ADamagedFileIsAnEmptyOne) {
  const std::string causes = R"("causes": [{"error": "down", "accounts": ["alice"]}]})";
  for (const std::string& rubbish : std::vector<std::string>{
           "", "{", "[]", R"({"passes": 7})", R"({"passes": [7, {}, {"time": "x"}]})",
           R"({"passes": [{"time": 1, "causes": [{"error": "down", "accounts": ["alice", 7]}]}]})",
           R"({"passes": [{"time": 9000000000000000000, )" + causes + "]}",
           R"({"passes": [{"time": 18000000000000000000, )" + causes + "]}",
           R"({"passes": [{"time": -1, )" + causes + "]}", std::string(3 * kMaxFailureFile, ' ')}) {
    SCOPED_TRACE(rubbish.substr(0, 100));
    std::ofstream(file()) << rubbish;
    testing::internal::CaptureStderr();
    EXPECT_THAT(found(), IsEmpty());
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("failed-backups.json"));
    note({failed("alice", "down")});
    EXPECT_THAT(found("alice"), ElementsAre(FailedBackup{now_, "alice", "down"}));
    testing::internal::CaptureStderr();
    EXPECT_THAT(found(), SizeIs(1));
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "the damage is gone";
  }
}

TEST_F(FailedBackupsTest, KeepsTheUndamagedEntries) {
  note({failed("alice", "down")});
  std::string text;
  std::getline(std::ifstream(file()), text);
  text.insert(text.find('[') + 1, "7, ");
  std::ofstream(file()) << text;
  EXPECT_THAT(found(), ElementsAre(FailedBackup{now_, "alice", "down"}));
}

}  // namespace
}  // namespace backupd
