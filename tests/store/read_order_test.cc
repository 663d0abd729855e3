// Many messages are read in the order of their positions: no block is read, and so decompressed,
// twice.
#include <algorithm>
#include <map>
#include <random>

#include "store/format/layout.h"
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

TEST_F(ReadOrderTest, NoBlockIsReadTwice) {
  make_store();
  std::vector<MessageId> ids;
  {
    Writer writer = open_writer();
    // More than a reader keeps decompressed.
    for (unsigned number = 0; number < 150; ++number) {
      ids.push_back(add_message(writer, large(number)).id);
    }
    writer.commit();
  }
  std::shuffle(ids.begin(), ids.end(), std::mt19937(3));
  tests::CountingFileSystem files;
  Reader reader = Reader::open(location_, files);
  std::size_t taken = 0;
  reader.read_messages(
      ids, [&](std::size_t, base::ByteView) { ++taken; },
      [](std::size_t, const std::string& why) { FAIL() << why; });
  EXPECT_EQ(taken, ids.size());
  constexpr std::uint64_t kMinBlock = 64U << 10U;  // anything smaller is a header or a manifest
  std::map<std::pair<base::Path, std::uint64_t>, int> blocks;
  for (const auto& [path, reads] : files.reads()) {
    for (const tests::FileRead& read : reads) {
      if (read.length >= kMinBlock) ++blocks[{path, read.offset}];
    }
  }
  EXPECT_GE(blocks.size(), 8U);
  for (const auto& [place, times] : blocks) {
    EXPECT_EQ(times, 1) << place.first << " at " << place.second;
  }
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
