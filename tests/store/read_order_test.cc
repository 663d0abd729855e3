// Many messages are read in the order of their positions: no block is read, and so decompressed,
// twice, and the next blocks are read while a message is used.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>
#include <utility>

#include "base/error.h"
#include "store/format/layout.h"
#include "tests/expect_error.h"
#include "tests/store/change_byte.h"
#include "tests/store/counting_file_system.h"
#include "tests/store/random_bytes.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

class ReadOrderTest : public StoreFixture {
 protected:
  // Half a megabyte, of which a tenth is incompressible.
  static std::string large(unsigned number) {
    return "Subject: " + std::to_string(number) + "\r\n\r\n" + tests::random_bytes(number, 50'000) +
           std::string(450'000, 'x');
  }
};

// More than a reader keeps decompressed, in no order.
class ManyMessagesTest : public ReadOrderTest {
 protected:
  static constexpr unsigned kMessages = 150;
  static constexpr std::uint64_t kSealed = 50'000;  // of each message, at least

  ManyMessagesTest() {
    make_store();
    Writer writer = open_writer();
    for (unsigned number = 0; number < kMessages; ++number) {
      ids_.push_back(add_message(writer, large(number)).id);
    }
    writer.commit();
    std::shuffle(ids_.begin(), ids_.end(), std::mt19937(3));
  }

  std::uint64_t bytes_read() const {
    return counting_.bytes_read_below(packs_directory(location_));
  }

  Reader counted_reader() { return Reader::open(location_, counting_); }

  // Returns the numbers of messages that were read, and of damaged ones.
  std::pair<std::size_t, std::size_t> read_all(Reader& reader) const {
    std::size_t taken = 0;
    std::size_t damaged = 0;
    reader.read_messages(
        ids_, [&](std::size_t, const MessageBytes&) { ++taken; },
        [&](std::size_t, const base::Error&) { ++damaged; });
    return {taken, damaged};
  }

  std::vector<MessageId> ids_;
  tests::CountingFileSystem counting_;
};

TEST_F(ManyMessagesTest, NoBlockIsReadTwiceAndNeighboursAreReadTogether) {
  Reader reader = counted_reader();
  EXPECT_EQ(std::pair(std::size_t{kMessages}, std::size_t{0}), read_all(reader));
  EXPECT_GE(bytes_read(), kMessages * kSealed);
  std::uint64_t largest = 0;
  for (auto& [path, reads] : counting_.reads()) {
    std::ranges::sort(reads, {}, &tests::FileRead::offset);
    std::uint64_t end = 0;
    for (const tests::FileRead& read : reads) {
      EXPECT_LE(end, read.offset) << path;
      end = read.offset + read.length;
      largest = std::max(largest, read.length);
    }
  }
  constexpr std::uint64_t kOfABlock = 8'388'608 / 500'000 * kSealed;
  EXPECT_GE(largest, kOfABlock * 3 / 2);
}

TEST_F(ManyMessagesTest, TheNextBlocksAreReadMeanwhile) {
  // The blocks of the first 16 MiB are read before their first message is passed on.
  constexpr std::uint64_t kOfTheFirst = 16'777'216 / 500'000 * kSealed;
  bool is_first = true;
  counted_reader().read_messages(
      ids_,
      [&](std::size_t, const MessageBytes&) {
        if (!std::exchange(is_first, false)) return;
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (bytes_read() < kOfTheFirst * 5 / 4 && std::chrono::steady_clock::now() < end) {
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        EXPECT_GE(bytes_read(), kOfTheFirst * 5 / 4);
        EXPECT_LE(bytes_read(), kOfTheFirst * 4) << "no more than is kept";
      },
      [](std::size_t, const base::Error& why) { FAIL() << why.what(); });
}

TEST_F(ManyMessagesTest, AnErrorOfTheCallerEndsTheReading) {
  Reader reader = counted_reader();
  const auto fail = [](std::size_t, const MessageBytes&) {
    base::fail(base::ErrorCode::kNoSpace, "write the message: the disk is full");
  };
  EXPECT_ERROR(kNoSpace, "the disk is full",
               reader.read_messages(ids_, fail, [](std::size_t, const base::Error&) {}));
  EXPECT_EQ(std::pair(std::size_t{kMessages}, std::size_t{0}), read_all(reader));
}

TEST_F(ManyMessagesTest, ADamagedBlockDamagesItsMessagesOnly) {
  const base::Path pack = packs().front();
  tests::change_byte(pack, std::filesystem::file_size(pack) / 2);
  Reader reader = counted_reader();
  const auto [taken, damaged] = read_all(reader);
  EXPECT_EQ(kMessages, taken + damaged);
  EXPECT_GE(damaged, 1U);
  EXPECT_LE(damaged, 17U) << "a block of 8 MiB";
}

TEST_F(ReadOrderTest, BlocksOfSeveralAccountsAreKept) {
  make_store();
  std::vector<MessageId> ids;
  {
    Writer writer = open_writer();
    for (unsigned number = 0; number < 110; ++number) {  // seven blocks of 8 MiB
      ids.push_back(add_message(writer, large(number)).id);
    }
    writer.commit();
  }
  tests::CountingFileSystem files;
  Reader reader = Reader::open(location_, files);
  for (const MessageId& id : ids) reader.read_message(id);
  const std::uint64_t once = files.bytes_read_below(packs_directory(location_));
  for (const MessageId& id : ids) reader.read_message(id);
  EXPECT_EQ(once, files.bytes_read_below(packs_directory(location_)));
}

}  // namespace
}  // namespace store
