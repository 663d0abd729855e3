#include "base/file_system.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/handle.h"

namespace base {

namespace {

constexpr mode_t kDirectoryMode = 0700;

[[noreturn]] void fail_on(const char* operation, const Path& path) {
  fail_with_errno(errno, std::string(operation) + " " + path.string());
}

template <typename Call>
auto retry_when_interrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class RealFile : public File {
 public:
  RealFile(Fd fd, Path path) : fd_(std::move(fd)), path_(std::move(path)) {}

  void write(ByteView bytes) override {
    while (!bytes.empty()) {
      const ssize_t written =
          retry_when_interrupted([&] { return ::write(fd_.get(), bytes.data(), bytes.size()); });
      if (written < 0) fail_on("write", path_);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }

  std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) override {
    std::size_t filled = 0;
    while (filled < out.size()) {
      const ssize_t count = retry_when_interrupted([&] {
        return ::pread(fd_.get(), out.data() + filled, out.size() - filled,
                       static_cast<off_t>(offset + filled));
      });
      if (count < 0) fail_on("read", path_);
      if (count == 0) break;
      filled += static_cast<std::size_t>(count);
    }
    return filled;
  }

  std::uint64_t size() override {
    struct stat status = {};
    if (::fstat(fd_.get(), &status) != 0) fail_on("get the size of", path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  void start_sync() override {
    // The kernel keeps a failure for the fsync() that follows.
    static_cast<void>(::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE));
  }

  void set_modified(std::chrono::sys_seconds time) override {
    const timespec moment{static_cast<time_t>(time.time_since_epoch().count()), 0};
    const std::array<timespec, 2> times = {moment, moment};
    if (::futimens(fd_.get(), times.data()) != 0) fail_on("set the date of", path_);
  }

  void sync() override {
    if (::fsync(fd_.get()) != 0) fail_on("sync", path_);
  }

 private:
  Fd fd_;
  Path path_;
};

class RealLock : public FileLock {
 public:
  explicit RealLock(Fd fd) : fd_(std::move(fd)) {}

 private:
  Fd fd_;
};

class RealFileSystem : public FileSystem {
 public:
  std::unique_ptr<File> create(const Path& path) override {
    return std::make_unique<RealFile>(open_regular_file("create", path, O_RDWR | O_CREAT | O_EXCL),
                                      path);
  }

  std::unique_ptr<File> open(const Path& path) override {
    return open_existing(path, Links::kRefuse);
  }

  std::unique_ptr<File> open_through_links(const Path& path) override {
    return open_existing(path, Links::kFollow);
  }

  bool rename(const Path& from, const Path& to, OnExisting on_existing) override {
    const unsigned flags = on_existing == OnExisting::kFail ? RENAME_NOREPLACE : 0;
    int result = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags);
    if (result != 0 && errno == EINVAL && flags != 0) {
      // Some network file systems lack RENAME_NOREPLACE; link() also refuses to replace a file.
      result = ::link(from.c_str(), to.c_str());
      if (result == 0) result = ::unlink(from.c_str());
    }
    if (result == 0) return true;
    if (errno == EEXIST) return false;
    fail_on("rename to", to);
  }

  bool remove(const Path& path) override {
    if (::unlink(path.c_str()) == 0) return true;
    if (errno == ENOENT) return false;
    fail_on("remove", path);
  }

  void sync_directory(const Path& path) override {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) fail_on("sync directory", path);
  }

  bool make_directory(const Path& path) override {
    if (::mkdir(path.c_str(), kDirectoryMode) == 0) return true;
    if (errno == EEXIST) return false;
    fail_on("create directory", path);
  }

  std::vector<std::string> list(const Path& path) override {
    const Handle<DIR, ::closedir> directory(::opendir(path.c_str()));
    if (!directory && errno == ENOENT) return {};
    if (!directory) fail_on("list", path);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(directory.get())) {
      std::string name = static_cast<const char*>(entry->d_name);
      if (name != "." && name != "..") names.push_back(std::move(name));
    }
    if (errno != 0) fail_on("list", path);
    std::sort(names.begin(), names.end());
    return names;
  }

  std::optional<std::chrono::system_clock::time_point> modified(const Path& path) override {
    struct stat status = {};
    if (::lstat(path.c_str(), &status) != 0) {
      if (errno == ENOENT) return std::nullopt;
      fail_on("get the modification time of", path);
    }
    return std::chrono::system_clock::from_time_t(status.st_mtim.tv_sec);
  }

  std::uint64_t free_space(const Path& path) override {
    struct statvfs status = {};
    if (retry_when_interrupted([&] { return ::statvfs(path.c_str(), &status); }) != 0) {
      fail_on("get the free space of", path);
    }
    return std::uint64_t{status.f_bavail} * status.f_frsize;
  }

  std::unique_ptr<FileLock> try_lock(const Path& path, LockMode mode) override {
    Fd fd = open_lock(path);
    const int operation = (mode == LockMode::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB;
    if (retry_when_interrupted([&] { return ::flock(fd.get(), operation); }) != 0) {
      if (errno == EWOULDBLOCK) return nullptr;
      fail_on("lock", path);
    }
    return std::make_unique<RealLock>(std::move(fd));
  }

 private:
  // A lock that exists can be taken where nothing can be written.
  static Fd open_lock(const Path& path) {
    try {
      return open_regular_file("open lock", path, O_RDWR | O_CREAT);
    } catch (const Error& error) {
      if (!is_file_trouble(error.code())) throw;
      if (Fd existing = open_regular_file("open lock", path, O_RDONLY)) return existing;
      throw;
    }
  }

  static std::unique_ptr<File> open_existing(const Path& path, Links links) {
    Fd fd = open_regular_file("open", path, O_RDONLY, links);
    if (!fd) return nullptr;
    return std::make_unique<RealFile>(std::move(fd), path);
  }
};

}  // namespace

FileSystem& real_file_system() {
  static RealFileSystem files;
  return files;
}

std::optional<Bytes> read_file(FileSystem& files, const Path& path, std::uint64_t limit,
                               Links links) {
  const std::unique_ptr<File> file =
      links == Links::kFollow ? files.open_through_links(path) : files.open(path);
  if (!file) return std::nullopt;
  const std::uint64_t size = file->size();
  if (size > limit) {
    fail(ErrorCode::kDamaged, "read {}: {} bytes, at most {} expected", path.string(), size, limit);
  }
  Bytes bytes(size);
  bytes.resize(file->read_at(0, bytes));
  return bytes;
}

void make_directories(FileSystem& files, const Path& path) {
  std::error_code unknown;  // reported by make_directory(), as an Error
  if (path.empty() || path == path.root_path() || std::filesystem::is_directory(path, unknown)) {
    return;
  }
  make_directories(files, path.parent_path());
  if (files.make_directory(path)) {
    files.sync_directory(path.has_parent_path() ? path.parent_path() : ".");
  }
}

}  // namespace base
