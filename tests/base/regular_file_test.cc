#include "base/regular_file.h"

#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/file_system.h"
#include "tests/expect_error.h"
#include "tests/temporary_directory.h"

namespace base {
namespace {

namespace fs = std::filesystem;

class RegularFileTest : public testing::Test {
 protected:
  // One file of each kind that is not a regular file.
  std::vector<Path> foreign() {
    const Path fifo = directory_.path() / "fifo";
    EXPECT_EQ(0, ::mkfifo(fifo.c_str(), 0600));
    const Path link = directory_.path() / "link";
    fs::create_symlink("/dev/zero", link);
    const Path directory = directory_.path() / "directory";
    fs::create_directory(directory);
    const Path socket = directory_.path() / "socket";
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    socket.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
    listening_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const void* const untyped = &address;
    EXPECT_EQ(0, ::bind(listening_.get(), static_cast<const sockaddr*>(untyped), sizeof(address)));
    return {fifo, link, directory, socket, "/dev/zero", "/dev/null"};
  }

  tests::TemporaryDirectory directory_;
  Fd listening_;
  FileSystem& files_ = real_file_system();
};

TEST_F(RegularFileTest, RefusesToReadOtherKindsOfFile) {
  for (const Path& path : foreign()) {
    SCOPED_TRACE(path);
    EXPECT_ERROR(kDamaged, path.string(), files_.open(path));
    EXPECT_ERROR(kDamaged, path.string(), read_file(files_, path, 1'000));
  }
}

TEST_F(RegularFileTest, RefusesToLockOrWriteOtherKindsOfFile) {
  for (const Path& path : foreign()) {
    SCOPED_TRACE(path);
    if (path.parent_path() == "/dev") continue;  // another user's
    EXPECT_ERROR(kDamaged, path.string(), files_.try_lock(path, LockMode::kExclusive));
    EXPECT_ERROR(kIo, path.string(),
                 open_regular_file("write", path, O_WRONLY | O_CREAT | O_TRUNC));
    EXPECT_ERROR(kIo, path.string(),
                 open_regular_file("write", path, O_WRONLY | O_CREAT | O_APPEND));
    EXPECT_ERROR(kIo, "File exists", files_.create(path));
  }
}

TEST_F(RegularFileTest, ALinkIsFollowedOnlyWhereTheAdministratorNamesTheFile) {
  const Path file = directory_.path() / "file";
  write_file(files_, file, as_bytes("text"), OnExisting::kFail);
  const Path link = directory_.path() / "link";
  fs::create_symlink(file, link);
  EXPECT_ERROR(kDamaged, "it is a symbolic link", read_file(files_, link, 100));
  EXPECT_EQ("text", as_text(read_file(files_, link, 100, Links::kFollow).value()));

  const Path linked_directory = directory_.path() / "elsewhere";
  fs::create_directory_symlink(directory_.path(), linked_directory);
  EXPECT_EQ("text", as_text(read_file(files_, linked_directory / "file", 100).value()));
}

TEST_F(RegularFileTest, AFollowedLinkMustLeadToARegularFile) {
  for (const Path& path : foreign()) {
    SCOPED_TRACE(path);
    EXPECT_ERROR(kConfig, "it is not a regular file",
                 read_file(files_, path, 1'000, Links::kFollow));
  }
}

TEST_F(RegularFileTest, AMissingFileIsNoError) {
  EXPECT_EQ(nullptr, files_.open(directory_.path() / "missing"));
  EXPECT_FALSE(open_regular_file("open", directory_.path() / "missing", O_RDONLY));
}

TEST_F(RegularFileTest, AnAtomicFilePassesOverForeignTemporaryNames) {
  write_file(files_, directory_.path() / "first", as_bytes("1"), OnExisting::kFail);
  for (int number = 0; number < 50; ++number) {
    const std::string name =
        ".mailstow-" + std::to_string(::getpid()) + "-" + std::to_string(number) + ".tmp";
    EXPECT_EQ(0, ::mkfifo((directory_.path() / name).c_str(), 0600));
  }
  write_file(files_, directory_.path() / "second", as_bytes("2"), OnExisting::kFail);
  EXPECT_EQ("2", as_text(read_file(files_, directory_.path() / "second", 10).value()));
}

}  // namespace
}  // namespace base
