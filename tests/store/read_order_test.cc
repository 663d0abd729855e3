// Many messages are read in the order of their positions: no block is read, and so decompressed,
// twice.
#include <algorithm>
#include <map>
#include <random>

#include "tests/forwarding_file_system.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using Reads = std::map<std::pair<base::Path, std::uint64_t>, int>;  // by file and offset

class CountedFile : public tests::ForwardingFile {
 public:
  CountedFile(std::unique_ptr<base::File> file, base::Path path, Reads& reads)
      : ForwardingFile(std::move(file)), path_(std::move(path)), reads_(reads) {}

  std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) override {
    constexpr std::size_t kSmallest = 64U << 10U;  // anything smaller is a header or a manifest
    if (out.size() >= kSmallest) ++reads_[{path_, offset}];
    return ForwardingFile::read_at(offset, out);
  }

 private:
  base::Path path_;
  Reads& reads_;
};

class CountingFileSystem : public tests::ForwardingFileSystem {
 public:
  Reads reads;

  std::unique_ptr<base::File> open(const base::Path& path) override {
    auto file = ForwardingFileSystem::open(path);
    if (file == nullptr) return nullptr;
    return std::make_unique<CountedFile>(std::move(file), path, reads);
  }
};

class ReadOrderTest : public StoreFixture {};

TEST_F(ReadOrderTest, NoBlockIsReadTwice) {
  make_store();
  std::vector<MessageId> ids;
  {
    Writer writer = open_writer();
    // More than a reader keeps decompressed.
    for (unsigned number = 0; number < 150; ++number) {
      const std::string text =
          "Subject: " + std::to_string(number) + "\r\n\r\n" + random_text(number, 500'000);
      ids.push_back(add_message(writer, text).id);
    }
    writer.commit();
  }
  std::shuffle(ids.begin(), ids.end(), std::mt19937(3));
  CountingFileSystem files;
  Reader reader = Reader::open(location_, files);
  std::size_t taken = 0;
  reader.read_messages(
      ids, [&](std::size_t, base::ByteView) { ++taken; },
      [](std::size_t, const std::string& why) { FAIL() << why; });
  EXPECT_EQ(taken, ids.size());
  EXPECT_GE(files.reads.size(), 8U) << "blocks";
  for (const auto& [place, times] : files.reads) {
    EXPECT_EQ(times, 1) << place.first << " at " << place.second;
  }
}

}  // namespace
}  // namespace store
