#include "store/message/spool.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/handle.h"

namespace store {

namespace {

constexpr std::string_view kPrefix = ".mailstow-spool-";

// Bytes written to the file between two checks of the room on the disk.
constexpr std::size_t kSpooledBetweenChecks = std::size_t{4} << 20;

[[noreturn]] void fail_on(const char* operation, const base::Path& directory) {
  base::fail_with_errno(errno,
                        std::string(operation) + " a temporary file in " + directory.string());
}

base::Fd nameless_file(const base::Path& directory) {
  base::Fd fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd || (errno != EOPNOTSUPP && errno != EISDIR)) return fd;
  std::string name = (directory / kPrefix).string() + "XXXXXX";
  fd = base::Fd(::mkostemp(name.data(), O_CLOEXEC));
  if (fd) ::unlink(name.c_str());
  return fd;
}

}  // namespace

class Spool::File {
 public:
  File(const base::Path& directory, std::uint64_t keep_free)
      : directory_(directory), keep_free_(keep_free), fd_(nameless_file(directory)) {
    if (fd_) return;
    if (errno == ENOENT) {
      base::fail(base::ErrorCode::kIo,
                 "make a temporary file in {}: the directory does not exist: create it, or set "
                 "store.index to the right one",
                 directory_.string());
    }
    fail_on("make", directory_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { unmap(); }

  void write(base::ByteView bytes) {
    unmap();
    if (size_ >= room_seen_until_) leave_room();
    size_ += bytes.size();
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail_on("write", directory_);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }

  base::ByteView view() {
    if (mapped_ == nullptr) {
      void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd_.get(), 0);
      if (mapped == MAP_FAILED) fail_on("map", directory_);
      mapped_ = mapped;
    }
    return {static_cast<const std::byte*>(mapped_), size_};
  }

  std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const {
    std::size_t filled = 0;
    while (filled < out.size()) {
      const ssize_t length = ::pread(fd_.get(), out.data() + filled, out.size() - filled,
                                     static_cast<off_t>(offset + filled));
      if (length < 0 && errno == EINTR) continue;
      if (length < 0) fail_on("read", directory_);
      if (length == 0) break;
      filled += static_cast<std::size_t>(length);
    }
    return filled;
  }

  void rest() {
    if (mapped_ != nullptr) ::madvise(mapped_, size_, MADV_DONTNEED);
  }

  std::size_t size() const { return size_; }

 private:
  void leave_room() {
    room_seen_until_ = size_ + kSpooledBetweenChecks;
    if (keep_free_ == 0) return;
    struct statvfs status = {};
    if (::fstatvfs(fd_.get(), &status) != 0) fail_on("get the free space of", directory_);
    const std::uint64_t room = std::uint64_t{status.f_bavail} * status.f_frsize;
    if (room >= keep_free_ + kSpooledBetweenChecks) return;
    base::fail(base::ErrorCode::kNoSpace,
               "put a long message into a temporary file in {}: only {} MB are free there, and {} "
               "MB must stay free: make room, or set store.keep_free_mb",
               directory_.string(), room / 1'000'000, keep_free_ / 1'000'000);
  }

  void unmap() {
    if (mapped_ != nullptr) ::munmap(mapped_, size_);
    mapped_ = nullptr;
  }

  base::Path directory_;
  std::uint64_t keep_free_;
  base::Fd fd_;
  std::size_t size_ = 0;
  std::size_t room_seen_until_ = 0;  // of size_
  void* mapped_ = nullptr;
};

Spool::Spool(base::Path directory, std::size_t max_in_memory, std::uint64_t keep_free)
    : directory_(std::move(directory)), max_in_memory_(max_in_memory), keep_free_(keep_free) {}
Spool::Spool(Spool&&) noexcept = default;
Spool& Spool::operator=(Spool&&) noexcept = default;
Spool::~Spool() = default;

void Spool::add(base::ByteView piece) {
  if (!file_ && memory_.size() + piece.size() > max_in_memory_) {
    file_ = std::make_unique<File>(directory_, keep_free_);
    file_->write(memory_);
    memory_ = {};
  }
  if (file_) {
    file_->write(piece);
  } else {
    memory_.insert(memory_.end(), piece.begin(), piece.end());
  }
}

std::uint64_t Spool::size() const {
  return file_ ? file_->size() : memory_.size();
}

base::ByteView Spool::view() {
  return file_ ? file_->view() : base::ByteView(memory_);
}

std::size_t Spool::read_at(std::uint64_t offset, std::span<std::byte> out) const {
  if (file_) return file_->read_at(offset, out);
  if (offset >= memory_.size()) return 0;
  const base::ByteView rest = base::ByteView(memory_).subspan(static_cast<std::size_t>(offset));
  const std::size_t length = std::min(out.size(), rest.size());
  std::ranges::copy(rest.first(length), out.begin());
  return length;
}

void Spool::rest() {
  if (file_) file_->rest();
}

void Spool::clear() {
  file_.reset();
  memory_.clear();
}

bool Spool::is_leftover(std::string_view name) {
  return name.starts_with(kPrefix);
}

}  // namespace store
