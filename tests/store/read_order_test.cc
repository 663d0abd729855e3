// Many messages are read in the order of their positions: no block is read, and so decompressed,
// twice.
#include <algorithm>
#include <map>
#include <random>

#include "tests/store/store_fixture.h"

namespace store {
namespace {

using Reads = std::map<std::pair<base::Path, std::uint64_t>, int>;  // by file and offset

class CountedFile : public base::File {
 public:
  CountedFile(std::unique_ptr<base::File> file, base::Path path, Reads& reads)
      : file_(std::move(file)), path_(std::move(path)), reads_(reads) {}

  void write(base::ByteView bytes) override { file_->write(bytes); }
  std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) override {
    constexpr std::size_t kSmallest = 64U << 10U;  // anything smaller is a header or a manifest
    if (out.size() >= kSmallest) ++reads_[{path_, offset}];
    return file_->read_at(offset, out);
  }
  std::uint64_t size() override { return file_->size(); }
  void sync() override { file_->sync(); }

 private:
  std::unique_ptr<base::File> file_;
  base::Path path_;
  Reads& reads_;
};

class CountingFileSystem : public base::FileSystem {
 public:
  Reads reads;

  std::unique_ptr<base::File> create(const base::Path& path) override { return real_.create(path); }
  std::unique_ptr<base::File> open(const base::Path& path) override {
    auto file = real_.open(path);
    if (file == nullptr) return nullptr;
    return std::make_unique<CountedFile>(std::move(file), path, reads);
  }
  bool rename(const base::Path& from, const base::Path& to, base::OnExisting existing) override {
    return real_.rename(from, to, existing);
  }
  bool remove(const base::Path& path) override { return real_.remove(path); }
  void sync_directory(const base::Path& path) override { real_.sync_directory(path); }
  bool make_directory(const base::Path& path) override { return real_.make_directory(path); }
  std::vector<std::string> list(const base::Path& path) override { return real_.list(path); }
  std::optional<std::chrono::system_clock::time_point> modified(const base::Path& path) override {
    return real_.modified(path);
  }
  std::uint64_t free_space(const base::Path& path) override { return real_.free_space(path); }
  std::unique_ptr<base::FileLock> try_lock(const base::Path& path, base::LockMode mode) override {
    return real_.try_lock(path, mode);
  }

 private:
  base::FileSystem& real_ = base::real_file_system();
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
