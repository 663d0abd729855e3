#include "store/maintenance/reserve.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/writer.h"
#include "tests/expect_error.h"
#include "tests/forwarding_file_system.h"
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

  // 0: there is none.
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

}  // namespace
}  // namespace store
