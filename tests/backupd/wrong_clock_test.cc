// Whatever the clock shows on one night, on a real server: all later answers are the same, also
// after prune, reindex and repair.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <string_view>

#include <gmock/gmock.h>

#include "tests/backupd/wrong_night.h"
#include "tests/servers/relay.h"

namespace backupd {
namespace {

using programs::json;
using std::chrono::days;
using std::chrono::hours;
using testing::HasSubstr;

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
    deliver(2);
    if (GetParam().in_the_middle) {
      jump_in_the_middle(right + GetParam().shift);
    } else {
      clock_.set(right + GetParam().shift);
      expect_troubles(once(3));
    }
    clock_.set(right + std::chrono::minutes(1));
  }

  // When alice's backup has begun; bob's begins after that.
  void jump_in_the_middle(std::chrono::sys_seconds wrong) {
    std::once_flag has_jumped;
    const servers::Relay relay(server_, {.watch = [&](servers::From, std::string_view) {
                                 std::call_once(has_jumped, [&] { clock_.set(wrong); });
                                 return true;
                               }});
    auto& main = mailstow_.config()["servers"]["main"];
    const json url = main["url"];
    main["url"] = relay.url();
    main["connections"] = 1;
    mailstow_.config()["accounts"].push_back({{"name", "bob"}, {"server", "main"}});
    mailstow_.save();
    expect_troubles(once(3));
    mailstow_.config()["servers"]["main"]["url"] = url;
    mailstow_.save();
  }

  static void expect_troubles(const json& report) {
    EXPECT_EQ(report["accounts"][0]["status"], "complete");
    EXPECT_THAT(report["troubles"].dump(), HasSubstr("the system's clock shows"));
  }

  void keep_last(int count) {
    mailstow_.config()["retention"]["last"] = count;
    mailstow_.save();
  }

  // Acknowledgements are beside the index, in files of their own.
  void lose_index() {
    for (const char* const suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(mailstow_.index() / (std::string("index.sqlite") + suffix));
    }
  }

  // Zeroes a tenth of it.
  void damage_largest_pack() {
    base::Path largest;
    for (const auto& entry : std::filesystem::directory_iterator(mailstow_.store() / "packs")) {
      const bool is_larger =
          largest.empty() || entry.file_size() > std::filesystem::file_size(largest);
      if (is_larger) largest = entry.path();
    }
    const auto size = std::filesystem::file_size(largest);
    std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(size * 3 / 10));
    const std::string zeros(size / 10, '\0');
    file.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
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
    const json missing = mailstow_.restore_json(
        {"run", "alice", "--all", "--missing", "--at", right_night_, "--dry-run"});
    EXPECT_EQ(missing["folders"][0]["messages"], 25) << missing.dump(2);
    EXPECT_EQ(mailstow_.restore({"sweep"}).status, 0);
    EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), trees_) << "its time is not over";
    // A jump while the backup of alice runs comes after it was dated.
    EXPECT_EQ(std::ranges::count(doubts(), true), GetParam().in_the_middle ? 0 : 1);
  }

  std::string right_night_;
  std::size_t trees_ = 0;
};

TEST_P(WrongClockTest, ChangesNoAnswer) {
  const json night = once(3);
  EXPECT_THAT(night["accounts"][0]["alarms"].dump(), HasSubstr("25 messages vanished"));
  clock_.let_pass(hours(2));
  keep_last(1);
  EXPECT_EQ(mailstow_.backupd_json({"prune"})["dropped"], 0) << "held until it is acknowledged";
  keep_last(20);
  mailstow_.backupd_json({"acknowledge", "alice"});
  expect_right("the night after");
  const std::string tree =
      mailstow_.restore_json({"run", "alice", "--folder", "INBOX", "--expire-after", "1d"})["tree"];
  trees_ = 1;
  clock_.let_pass(hours(2));
  mailstow_.backupd_json({"prune"});
  expect_right("prune");
  lose_index();
  mailstow_.backupd_json({"reindex"});
  expect_right("a lost index");
  mailstow_.backupd_json({"check", "--repair"});
  expect_right("repair");
  clock_.let_pass(hours(23));
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 0);
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 0U) << tree;
  keep_last(1);
  EXPECT_GT(mailstow_.backupd_json({"prune"})["dropped"], 0) << "the hold has ended";
  EXPECT_EQ(newest_messages(), 11U);
}

// The largest pack is that of the first night, with the messages that are gone from the server.
TEST_P(WrongClockTest, ChangesNoAnswerAfterTheRepairOfADamagedStore) {
  once(3);
  clock_.let_pass(hours(2));
  mailstow_.backupd_json({"acknowledge", "alice"});
  damage_largest_pack();
  EXPECT_EQ(mailstow_.backupd({"check", "--repair"}).status, 4);
  const auto wrong = GetParam().in_the_middle ? 0 : 1;
  EXPECT_EQ(std::ranges::count(doubts(), true), wrong);
  const json again = once();
  EXPECT_EQ(again["accounts"][0]["status"], "complete");
  EXPECT_EQ(newest_messages(), 11U);
  EXPECT_EQ(std::ranges::count(doubts(), true), wrong);
  EXPECT_TRUE(state()["alarms"].empty()) << "it is acknowledged: " << state().dump(2);
  EXPECT_EQ(mailstow_.restore({"sweep"}).status, 0);
  deliver(1);
  once();
  EXPECT_EQ(newest_messages(), 12U);
}

INSTANTIATE_TEST_SUITE_P(Clocks, WrongClockTest,
                         testing::Values(WrongClock{"AYearAhead", days(365), false},
                                         WrongClock{"AYearBehind", days(-365), false},
                                         WrongClock{"AJumpInTheMiddle", days(365), true}),
                         [](const auto& clock) { return std::string(clock.param.name); });

}  // namespace
}  // namespace backupd
