#include "store/maintenance/reserve.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "store/writer.h"
#include "tests/expect_error.h"
#include "tests/forwarding_file_system.h"
#include "tests/store/random_bytes.h"
#include "tests/store/simulated_file_system.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

// Fails to make the removal of the reserve durable, once.
class FailingSync : public tests::ForwardingFileSystem {
 public:
  explicit FailingSync(base::FileSystem& files) : ForwardingFileSystem(files) {}

  void sync_directory(const base::Path& path) override {
    if (std::exchange(will_fail_, false)) base::fail(base::ErrorCode::kIo, "sync: it failed");
    ForwardingFileSystem::sync_directory(path);
  }

  void fail_once() { will_fail_ = true; }

 private:
  bool will_fail_ = false;
};

class ReserveTest : public testing::Test {
 protected:
  ReserveTest() {
    location_ = {.store = "/simulated/store",
                 .index = directory_.path() / "index",
                 .key_file = "/simulated/store.key"};
    init(location_, disk_, clock_);
    restore_reserve(location_, disk_);
    disk_.leave_room_for(10);
  }

  // 0: it does not exist.
  std::uint64_t reserved() {
    const auto file = disk_.open(reserve_file(location_));
    return file ? file->size() : 0;
  }

  tests::TemporaryDirectory directory_;
  Location location_;
  TestClock clock_;
  tests::SimulatedFileSystem disk_;
};

TEST_F(ReserveTest, IsGivenUpOnceForWorkThatLacksRoom) {
  ASSERT_EQ(kReserveBytes, reserved());
  {
    ReservedRoom room(location_, disk_);
    int attempts = 0;
    const auto lacks_room = [](int attempt) { return attempt == 1; };
    EXPECT_EQ(2, room.with_room([&] { return ++attempts; }, lacks_room));
    EXPECT_TRUE(room.is_given_up());
    EXPECT_EQ(0U, reserved());
  }
  EXPECT_GT(reserved(), kReserveBytes / 2);
}

TEST_F(ReserveTest, IsMadeAgainIfItsRemovalFailsHalfway) {
  FailingSync files(disk_);
  for (const bool has_failed : {false, true}) {
    const auto work = [&] {
      if (has_failed) base::fail(base::ErrorCode::kNoSpace, "write: the disk is full");
      return 1;
    };
    files.fail_once();
    {
      ReservedRoom room(location_, files);
      EXPECT_ERROR(kIo, "sync: it failed", room.with_room(work, [](int) { return true; }));
      EXPECT_EQ(0U, reserved());
    }
    EXPECT_GT(reserved(), kReserveBytes / 2);
  }
}

TEST_F(ReserveTest, TheResultStaysIfThereIsNoReserve) {
  disk_.remove(reserve_file(location_));
  ReservedRoom room(location_, disk_);
  int attempts = 0;
  EXPECT_EQ(1, room.with_room([&] { return ++attempts; }, [](int) { return true; }));
  EXPECT_EQ(1, attempts);
  const auto fails = [&]() -> int {
    ++attempts;
    base::fail(base::ErrorCode::kNoSpace, "write: the disk is full");
  };
  EXPECT_ERROR(kNoSpace, "the disk is full", room.with_room(fails));
  EXPECT_EQ(2, attempts);
  EXPECT_FALSE(room.is_given_up());
}

// Rewriting by a prune for which only the reserve is left.
class RewritingInTheReserveTest : public testing::Test {
 protected:
  RewritingInTheReserveTest() {
    location_ = {.store = "/simulated/store",
                 .index = directory_.path() / "index",
                 .key_file = "/simulated/store.key"};
    init(location_, disk_, clock_);
  }

  static std::vector<std::string> large(unsigned first, unsigned count, std::size_t bytes) {
    std::vector<std::string> messages;
    for (unsigned seed = first; seed < first + count; ++seed) {
      messages.push_back("Subject: large\r\n\r\n" + tests::random_bytes(seed, bytes));
    }
    return messages;
  }

  static std::string small(const std::string& subject) {
    return "Subject: " + subject + "\r\n\r\nstays\r\n";
  }

  // The attachment has 57 bytes a line.
  static std::string with_attachment(const std::string& subject, std::size_t lines) {
    return "Subject: " + subject +
           "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n--=_b"
           "\r\nContent-Type: text/plain\r\n\r\ntext\r\n--=_b\r\nContent-Type: "
           "application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
           base64_lines(7, lines) + "\r\n--=_b--\r\n";
  }

  ObjectId back_up(const std::string& account, const std::vector<std::string>& messages) {
    Writer writer = Writer::open(location_, disk_, clock_);
    const ObjectId id = add_snapshot(writer, account, add_folder(writer, "INBOX", messages));
    writer.commit();
    return id;
  }

  ObjectId add_snapshot(Writer& writer, const std::string& account, const FolderRecord& folder) {
    SnapshotDraft snapshot;
    snapshot.account = account;
    snapshot.time = clock_.now_seconds();
    snapshot.folders = {folder};
    clock_.moment += std::chrono::seconds(1);
    return writer.add_snapshot(snapshot).id;
  }

  // Two snapshots, of which the first is to be dropped: then of its messages only the `living` ones
  // are needed.
  ObjectId back_up_twice(const std::string& account, std::vector<std::string> dying,
                         const std::vector<std::string>& living) {
    dying.insert(dying.end(), living.begin(), living.end());
    const ObjectId first = back_up(account, dying);
    back_up(account, living);
    return first;
  }

  PruneReport prune_with_room(std::uint64_t bytes, const std::set<ObjectId>& drop) {
    restore_reserve(location_, disk_);
    disk_.leave_room_for(bytes);
    return prune(location_, disk_, clock_, {.drop = drop});
  }

  void expect_intact() {
    const CheckReport report =
        check(location_, disk_,
              {.depth = CheckDepth::kReadData, .threads = 1, .skip = {}, .progress = {}});
    EXPECT_THAT(report.damage, testing::IsEmpty());
    EXPECT_THAT(report.damaged_messages, testing::IsEmpty());
  }

  tests::TemporaryDirectory directory_;
  Location location_;
  TestClock clock_;
  tests::SimulatedFileSystem disk_;
};

// The record of a dead message, in a pack that stays, needs an attachment in the first pack. How
// much that is, is known only after the pack was chosen.
TEST_F(RewritingInTheReserveTest, OnePackThatNeedsMuchLeavesRoomForOthers) {
  std::vector<std::string> dying = large(0, 20, 82'000);
  dying.push_back(with_attachment("one", 55'000));
  const ObjectId xaver = back_up_twice("xaver", dying, {small("x")});
  const ObjectId yvonne =
      back_up_twice("yvonne", {with_attachment("other", 55'000)}, large(100, 10, 82'000));
  const ObjectId zoe = back_up_twice("zoe", large(200, 20, 82'000), {small("z")});
  const PruneReport report = prune_with_room(10, {xaver, yvonne, zoe});
  EXPECT_EQ(1U, report.rewritten);
  EXPECT_EQ(1U, report.left) << "and reported";
  EXPECT_EQ("", report.shortage);
  expect_intact();
}

TEST_F(RewritingInTheReserveTest, APackIsRewrittenIfWhatDeadRecordsNeedFits) {
  std::vector<std::string> dying = large(0, 20, 82'000);
  dying.push_back(with_attachment("one", 8'000));
  const ObjectId xaver = back_up_twice("xaver", dying, {small("x")});
  const ObjectId yvonne =
      back_up_twice("yvonne", {with_attachment("other", 8'000)}, large(100, 10, 82'000));
  const PruneReport report = prune_with_room(10, {xaver, yvonne});
  EXPECT_EQ(1U, report.rewritten);
  EXPECT_EQ(0U, report.left);
  expect_intact();
  // The dead message is complete if it arrives again.
  disk_.leave_room_for(100'000'000);
  back_up("carol", {with_attachment("other", 8'000)});
  expect_intact();
}

// The first step has nothing to commit, so its commit does not show how much the next one takes.
TEST_F(RewritingInTheReserveTest, ThereIsRoomForALargeCommit) {
  {
    Writer writer = Writer::open(location_, disk_, clock_);
    const FolderRecord folder = add_folder(writer, "INBOX", {small("all")});
    for (unsigned seed = 0; seed < 465; ++seed) {  // 1.9 MB, as from many accounts
      std::string account = tests::random_bytes(seed, 4'000);
      std::ranges::replace(account, '\0', '0');
      add_snapshot(writer, account, folder);
    }
    writer.commit();
  }
  const ObjectId almost_dead = back_up_twice("alice", large(0, 20, 82'000), {small("a")});
  const ObjectId a_third_dead =
      back_up_twice("bob", large(100, 20, 82'000), large(200, 3, 1'080'000));
  Location full = location_;
  full.keep_free = UINT64_MAX;
  EXPECT_GE(prune(full, disk_, clock_, {.drop = {almost_dead, a_third_dead}}).left, 2U);

  const PruneReport report = prune_with_room(1'040'000, {});
  EXPECT_EQ("", report.shortage);
  EXPECT_GE(report.rewritten, 1U);
  EXPECT_GE(report.left, 1U) << "with the larger pack, the commit would not fit";
  EXPECT_EQ(1U, report.steps);
  expect_intact();
}

}  // namespace
}  // namespace store
