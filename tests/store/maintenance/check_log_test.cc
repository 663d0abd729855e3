#include "store/maintenance/check_log.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

using testing::ElementsAre;

std::chrono::sys_seconds at(int seconds) {
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

Sha256 pack(unsigned number) {
  Sha256 name;
  name.bytes[31] = static_cast<std::byte>(number);
  return name;
}

class CheckLogTest : public testing::Test {
 protected:
  tests::TemporaryDirectory directory_;
  Location location_{.store = {}, .index = directory_.path(), .key_file = {}};
  base::FileSystem& files_ = base::real_file_system();
};

TEST_F(CheckLogTest, RoundTrips) {
  CheckLog log;
  log.began = at(100);
  log.finished = at(50);
  log.read = {{pack(1), at(90)}, {pack(2), at(100)}, {pack(3), at(120)}};
  log.save(files_, location_);
  const CheckLog loaded = CheckLog::load(files_, location_);
  EXPECT_EQ(log, loaded);
  EXPECT_TRUE(loaded.is_interrupted());
  EXPECT_THAT(loaded.read_since_began(), ElementsAre(pack(2), pack(3)));
}

TEST_F(CheckLogTest, WithoutAFileEverythingCountsAsUnread) {
  EXPECT_EQ(CheckLog(), CheckLog::load(files_, location_));
  EXPECT_FALSE(CheckLog().is_interrupted());
}

TEST_F(CheckLogTest, ADamagedFileCountsAsMissing) {
  for (const char* text : {"", "1", "x y\n", "1 2\nabc 3\n", "1 2\n\n", "1 2\n00 7"}) {
    std::ofstream(check_log_file(location_)) << text;
    EXPECT_EQ(CheckLog(), CheckLog::load(files_, location_)) << text;
  }
}

TEST_F(CheckLogTest, TimesOfAClockThatWasAheadCountAsUnread) {
  CheckLog log;
  log.began = at(50'000);
  log.read = {{pack(1), at(900)}, {pack(2), at(50'100)}};
  const CheckLog believed = log.without_future(at(1'000));
  EXPECT_FALSE(believed.is_interrupted()) << "it would never find a pack to be read";
  EXPECT_EQ(believed.read, (std::map<Sha256, std::chrono::sys_seconds>{{pack(1), at(900)}}));
  EXPECT_EQ(log.without_future(at(50'200)), log) << "that time has come";
}

}  // namespace
}  // namespace store
