#include "base/program/kept_configuration.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/config/found_accounts.h"
#include "base/error.h"
#include "base/program/file_stamp.h"
#include "tests/standing_clock.h"
#include "tests/temporary_directory.h"

namespace base {
namespace {

using nlohmann::json;
using testing::ElementsAre;

constexpr std::chrono::seconds kMoment{2};  // in which two changes may look like one

class KeptConfigurationTest : public testing::Test {
 protected:
  KeptConfigurationTest() {
    std::filesystem::create_directory(directory_.path() / "store");
    std::filesystem::create_directory(index());
    write(config(), {"alice"});
    wait();
  }

  Path config() const { return directory_.path() / "mailstow.json"; }
  Path index() const { return directory_.path() / "index"; }

  void write(const Path& file, const std::vector<std::string>& accounts) const {
    json listed = json::array();
    for (const std::string& name : accounts) {
      listed.push_back({{"name", name}, {"server", "main"}, {"password_file", "/password"}});
    }
    std::ofstream(file) << json{{"store",
                                 {{"path", directory_.path() / "store"},
                                  {"index", index()},
                                  {"key_file", directory_.path() / "key"}}},
                                {"servers", {{"main", {{"url", "imaps://127.0.0.1"}}}}},
                                {"accounts", listed}};
  }

  // When the configuration was changed last.
  std::chrono::nanoseconds changed() const {
    return std::chrono::nanoseconds(FileStamp::of(config()).changed);
  }

  // Until a change of a moment ago can't be followed by one that does not show.
  void wait() {
    clock_.elapsed = system_clock().now().time_since_epoch() + std::chrono::seconds(3);
  }

  std::vector<std::string> accounts() {
    std::vector<std::string> names;
    for (const AccountConfig& account : kept_.open(config(), OutputFormat::kJson).config.accounts) {
      names.push_back(account.name);
    }
    return names;
  }

  tests::TemporaryDirectory directory_;
  tests::StandingClock clock_;
  KeptConfiguration kept_{config(), clock_};
};

TEST_F(KeptConfigurationTest, IsUsedOnceAsItWasRead) {
  kept_.refresh();
  ASSERT_TRUE(kept_.is_kept());
  // Nothing is read now: it was kept.
  write(config(), {"bob"});
  EXPECT_THAT(accounts(), ElementsAre("alice"));
  EXPECT_FALSE(kept_.is_kept());
  EXPECT_THAT(accounts(), ElementsAre("bob"));
}

TEST_F(KeptConfigurationTest, IsReadAgainAfterAChangeInPlace) {
  kept_.refresh();
  // Of the same length. By `clock_` the file was not changed in the last seconds, so the file
  // system's clock must have moved on, which takes some milliseconds on an older Linux.
  for (const auto before = changed(); changed() == before;) write(config(), {"carol"});
  wait();
  kept_.refresh();
  EXPECT_TRUE(kept_.is_kept());
  EXPECT_THAT(accounts(), ElementsAre("carol"));
}

TEST_F(KeptConfigurationTest, IsReadAgainAfterAReplacementOfTheSameAgeAndSize) {
  kept_.refresh();
  const Path other = directory_.path() / "other.json";
  write(other, {"carol"});
  std::filesystem::last_write_time(other, std::filesystem::last_write_time(config()));
  std::filesystem::rename(other, config());
  wait();
  kept_.refresh();
  EXPECT_THAT(accounts(), ElementsAre("carol"));
}

TEST_F(KeptConfigurationTest, IsReadAgainAfterAccountsWereFound) {
  kept_.refresh();
  StoreConfig store;
  store.index = index();
  save_found_accounts(real_file_system(), store, {{"main", {"dora"}}});
  wait();
  kept_.refresh();
  EXPECT_TRUE(kept_.is_kept());
  EXPECT_THAT(accounts(), ElementsAre("alice", "dora"));
}

TEST_F(KeptConfigurationTest, IsNotKeptWhileItWasChangedAMomentAgo) {
  // By the file's own time: the machine may have stopped since it was written.
  clock_.elapsed = std::chrono::floor<std::chrono::milliseconds>(changed()) + kMoment;
  kept_.refresh();
  EXPECT_FALSE(kept_.is_kept());
  EXPECT_THAT(accounts(), ElementsAre("alice"));
  clock_.elapsed += std::chrono::milliseconds(1);
  kept_.refresh();
  EXPECT_TRUE(kept_.is_kept());
  EXPECT_THAT(accounts(), ElementsAre("alice"));
  clock_.elapsed = {};  // behind by decades: the file seems to be from the future
  kept_.refresh();
  EXPECT_FALSE(kept_.is_kept());
}

TEST_F(KeptConfigurationTest, ABadOneIsReportedByTheCommandThatNeedsIt) {
  kept_.refresh();
  std::ofstream(config()) << "{";
  wait();
  kept_.refresh();
  EXPECT_FALSE(kept_.is_kept());
  EXPECT_THROW(accounts(), Error);
  std::filesystem::remove(config());
  kept_.refresh();
  EXPECT_FALSE(kept_.is_kept());
}

TEST_F(KeptConfigurationTest, AnotherFileIsRead) {
  kept_.refresh();
  const Path other = directory_.path() / "other.json";
  write(other, {"bob"});
  EXPECT_EQ(kept_.open(other, OutputFormat::kJson).config.accounts.at(0).name, "bob");
  EXPECT_TRUE(kept_.is_kept());
}

}  // namespace
}  // namespace base
