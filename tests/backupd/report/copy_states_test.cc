#include "backupd/report/copy_states.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "tests/temporary_directory.h"

namespace backupd {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::sys_seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class CopyStatesTest : public testing::Test {
 protected:
  CopyStatesTest() { store_.index = directory_.path(); }

  CopyStates load() { return load_copy_states(base::real_file_system(), store_); }

  void write(const std::string& text) const { std::ofstream(store_.index / "copies.json") << text; }

  tests::TemporaryDirectory directory_;
  base::StoreConfig store_;
  const sys_seconds now_{seconds(1'800'000'000)};
  const CopyState complete_{.commit = 12,
                            .commit_id = "ab12",
                            .commit_time = now_ - hours(9),
                            .seen = now_ - hours(8),
                            .behind = 0,
                            .is_complete = true,
                            .has_begun = true,
                            .held = {},
                            .accepted_slots = {"00ff"}};
};

TEST_F(CopyStatesTest, AreReadAsTheyWereWritten) {
  EXPECT_THAT(load(), IsEmpty());
  CopyState held = complete_;
  held.behind = 3;
  held.held = {.number = 13,
               .id = "0123456789abcdef0123",
               .reasons = {"it drops much", "why"},
               .is_together = true};
  const CopyStates states{{"nas", complete_}, {"usb", held}};
  save_copy_states(base::real_file_system(), store_, states);
  EXPECT_EQ(states, load());
}

TEST_F(CopyStatesTest, TwoThatAreUpdatedAtOnceAreBothKept) {
  constexpr int kUpdates = 20;
  const auto update = [&](const std::string& name) {
    for (int number = 0; number < kUpdates; ++number) {
      update_copy_states(
          base::real_file_system(), base::system_clock(), store_,
          [&](CopyStates& states) { states[name + std::to_string(number)] = complete_; });
    }
  };
  std::thread other(update, "usb");
  update("nas");
  other.join();
  EXPECT_THAT(load(), SizeIs(2 * kUpdates));
}

TEST_F(CopyStatesTest, AnEntryOfAnEarlierVersionIsRead) {
  save_copy_states(base::real_file_system(), store_, {{"nas", complete_}});
  std::ifstream file(store_.index / "copies.json");
  auto document = nlohmann::json::parse(file);
  for (const char* key : {"has_begun", "complete"}) document["nas"].erase(key);
  write(document.dump());
  CopyState expected = complete_;
  expected.has_begun = false;
  expected.is_complete = false;
  EXPECT_EQ((CopyStates{{"nas", expected}}), load());
}

TEST_F(CopyStatesTest, WhatIsDamagedIsLeftOut) {
  save_copy_states(base::real_file_system(), store_, {{"nas", complete_}});
  std::ifstream file(store_.index / "copies.json");
  auto document = nlohmann::json::parse(file);
  document["usb"] = {{"commit", "twelve"}};
  document["tape"] = document["nas"];
  document["tape"]["seen"] = -1;
  document["disk"] = 7;
  write(document.dump());
  EXPECT_EQ((CopyStates{{"nas", complete_}}), load());
  for (const char* text : {"", "{", "[]", "null", "{\"nas\": {}}"}) {
    write(text);
    EXPECT_THAT(load(), IsEmpty()) << text;
  }
}

TEST_F(CopyStatesTest, RaiseAnAlarmIfACopyIsOldOrWaits) {
  EXPECT_THAT(copy_alarm("nas", nullptr, now_), HasSubstr("was never made"));
  EXPECT_EQ("", copy_alarm("nas", &complete_, now_));
  EXPECT_EQ("", copy_alarm("nas", &complete_, complete_.seen + days(2)));
  EXPECT_THAT(copy_alarm("nas", &complete_, complete_.seen + days(2) + seconds(1)),
              HasSubstr("copy nas was last brought up to date "));
  EXPECT_EQ("", copy_alarm("nas", &complete_, complete_.seen - base::kClockSlack));
  EXPECT_THAT(copy_alarm("nas", &complete_, complete_.seen - base::kClockSlack - seconds(1)),
              HasSubstr("in the future"))
      << "it would look new until that time has come";
  CopyState held = complete_;
  held.held = {.number = 13, .id = "0123456789abcdef0123", .reasons = {"it drops much", "why"}};
  EXPECT_EQ(
      "copy nas stays at commit 12: commit 13 (0123456789abcdef) is not followed: it drops much; "
      "why: if that is right, run mailstow-backupd copy nas --accept 0123456789abcdef",
      copy_alarm("nas", &held, now_));
  const std::vector<base::CopyConfig> copies{{.name = "nas", .path = "/nas"},
                                             {.name = "usb", .path = "/usb"}};
  EXPECT_THAT(copy_alarms(copies, {{"nas", complete_}}, now_),
              ElementsAre(HasSubstr("copy usb was never made")));
}

TEST_F(CopyStatesTest, ACopyThatWasNeverCompleteRaisesAnAlarm) {
  CopyState damaged = complete_;
  damaged.seen = {};
  EXPECT_EQ("copy nas was never complete: run mailstow-backupd copy nas",
            copy_alarm("nas", &damaged, now_));
  const std::vector<base::CopyConfig> copies{{.name = "nas", .path = "/nas"}};
  const CopyStates states{{"nas", damaged}};
  EXPECT_TRUE(copies_document(copies, states, 12, now_)[0]["last_copied"].is_null());
  EXPECT_THAT(copies_text(copies, states, 12, now_), HasSubstr("never"));
  EXPECT_THAT(copies_text(copies, states, 12, now_), Not(HasSubstr("1970")));
}

TEST_F(CopyStatesTest, ShowHowManyCommitsACopyLacksNow) {
  EXPECT_EQ(0U, commits_behind(complete_, 12));
  EXPECT_EQ(5U, commits_behind(complete_, 17));
  CopyState behind = complete_;
  behind.behind = 3;
  EXPECT_EQ(3U, commits_behind(behind, 0)) << "the newest commit is unknown";
  const auto document =
      copies_document({{.name = "nas", .path = "/nas"}}, {{"nas", complete_}}, 14, now_);
  ASSERT_EQ(1U, document.size());
  EXPECT_EQ("nas", document[0]["copy"]);
  EXPECT_EQ("/nas", document[0]["location"]);
  EXPECT_EQ(2, document[0]["commits_behind"]);
  EXPECT_TRUE(document[0]["alarm"].is_null());
  EXPECT_EQ("", copies_text({}, {}, 14, now_));
  base::CopyConfig cloud{.name = "cloud", .path = {}};
  cloud.s3.emplace();
  cloud.s3->bucket = "mail";
  cloud.s3->prefix = "copies/1";
  EXPECT_EQ("s3://mail/copies/1", copies_document({cloud}, {}, 14, now_)[0]["location"]);
  EXPECT_THAT(copies_text({cloud}, {}, 14, now_), HasSubstr("s3://mail/copies/1"));
}

}  // namespace
}  // namespace backupd
