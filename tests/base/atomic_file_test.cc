#include "base/atomic_file.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include "tests/expect_error.h"
#include "tests/temporary_directory.h"

namespace base {
namespace {

class AtomicFileTest : public testing::Test {
 protected:
  std::string content(const std::string& name) {
    const auto bytes = read_file(files_, directory_.path() / name, 1000);
    return bytes ? to_text(*bytes) : "(none)";
  }
  std::vector<std::string> names() { return files_.list(directory_.path()); }

  tests::TemporaryDirectory directory_;
  FileSystem& files_ = real_file_system();
};

TEST_F(AtomicFileTest, AppearsWithItsContentAtCommit) {
  AtomicFile file(files_, directory_.path());
  file.write(as_bytes("one "));
  file.write(as_bytes("two"));
  EXPECT_EQ(content("name"), "(none)");
  EXPECT_TRUE(file.commit("name", OnExisting::kFail));
  EXPECT_EQ(content("name"), "one two");
  EXPECT_THAT(names(), testing::ElementsAre("name"));
}

TEST_F(AtomicFileTest, IsAccessibleOnlyToItsOwner) {
  write_file(files_, directory_.path() / "name", as_bytes("secret"), OnExisting::kFail);
  struct stat status = {};
  ASSERT_EQ(::stat((directory_.path() / "name").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(AtomicFileTest, LeavesNothingWithoutCommit) {
  {
    AtomicFile file(files_, directory_.path());
    file.write(as_bytes("half"));
    ASSERT_EQ(names().size(), 1U);
    EXPECT_TRUE(AtomicFile::is_temporary(names().front()));
    EXPECT_FALSE(AtomicFile::is_leftover(names().front())) << "this process writes it";
  }
  EXPECT_TRUE(names().empty());
  constexpr int kNoProcess = 4'999'999;  // above the highest id that Linux gives
  EXPECT_TRUE(AtomicFile::is_leftover(fmt::format(".mailstow-{}-0.tmp", kNoProcess)));
  EXPECT_FALSE(AtomicFile::is_leftover("name"));
}

TEST_F(AtomicFileTest, KeepsAnExistingFileUnlessAskedToReplaceIt) {
  write_file(files_, directory_.path() / "name", as_bytes("first"), OnExisting::kFail);
  EXPECT_FALSE(
      write_file(files_, directory_.path() / "name", as_bytes("second"), OnExisting::kFail));
  EXPECT_EQ(content("name"), "first");
  EXPECT_THAT(names(), testing::ElementsAre("name"));
  EXPECT_TRUE(
      write_file(files_, directory_.path() / "name", as_bytes("third"), OnExisting::kReplace));
  EXPECT_EQ(content("name"), "third");
}

TEST_F(AtomicFileTest, IsUnusableAfterAFailedWrite) {
  class FullFile : public File {
    void write(ByteView) override { fail_with_errno(ENOSPC, "write it"); }
    std::size_t read_at(std::uint64_t, std::span<std::byte>) override { return 0; }
    std::uint64_t size() override { return 0; }
    void sync() override {}
  };
  class FullDisk : public FileSystem {
    std::unique_ptr<File> create(const Path&) override { return std::make_unique<FullFile>(); }
    std::unique_ptr<File> open(const Path&) override { return nullptr; }
    bool rename(const Path&, const Path&, OnExisting) override { return true; }
    bool remove(const Path&) override { return true; }
    void sync_directory(const Path&) override {}
    bool make_directory(const Path&) override { return true; }
    std::vector<std::string> list(const Path&) override { return {}; }
    std::optional<std::chrono::system_clock::time_point> modified(const Path&) override {
      return std::nullopt;
    }
    std::uint64_t free_space(const Path&) override { return 0; }
    std::unique_ptr<FileLock> try_lock(const Path&, LockMode) override { return nullptr; }
  };
  FullDisk disk;
  AtomicFile file(disk, "/anywhere");
  EXPECT_ERROR(kNoSpace, "free some space", file.write(as_bytes("text")));
  EXPECT_ERROR(kIo, "an earlier write failed", file.commit("name", OnExisting::kFail));
}

TEST_F(AtomicFileTest, DirectoriesAreCreatedWithTheirParents) {
  make_directories(files_, directory_.path() / "a" / "b" / "c");
  EXPECT_TRUE(std::filesystem::is_directory(directory_.path() / "a/b/c"));
  make_directories(files_, directory_.path() / "a" / "b" / "c");
}

TEST_F(AtomicFileTest, AFileLargerThanExpectedIsNotRead) {
  write_file(files_, directory_.path() / "name", as_bytes("12345"), OnExisting::kFail);
  EXPECT_ERROR(kDamaged, "at most 4", read_file(files_, directory_.path() / "name", 4));
}

TEST_F(AtomicFileTest, AnExclusiveLockExcludesAllOthers) {
  const Path path = directory_.path() / "lock";
  auto exclusive = files_.try_lock(path, LockMode::kExclusive);
  ASSERT_NE(exclusive, nullptr);
  EXPECT_EQ(files_.try_lock(path, LockMode::kExclusive), nullptr);
  EXPECT_EQ(files_.try_lock(path, LockMode::kShared), nullptr);
  exclusive.reset();
  const auto shared = files_.try_lock(path, LockMode::kShared);
  EXPECT_NE(files_.try_lock(path, LockMode::kShared), nullptr);
  EXPECT_EQ(files_.try_lock(path, LockMode::kExclusive), nullptr);
}

TEST_F(AtomicFileTest, AFileHasTheTimeThatItWasGiven) {
  const Path path = directory_.path() / "dated";
  const std::chrono::sys_seconds time(std::chrono::seconds(1'000'000'000));
  const auto file = files_.create(path);
  file->write(as_bytes("text"));
  file->set_modified(time);
  file->start_sync();
  file->sync();
  EXPECT_EQ(files_.modified(path), time);
  EXPECT_EQ(content("dated"), "text");
}

TEST_F(AtomicFileTest, AFailureNamesTheFileAndTheCause) {
  EXPECT_ERROR(kIo, "create /nowhere/at/all: No such file or directory",
               files_.create("/nowhere/at/all"));
}

}  // namespace
}  // namespace base
