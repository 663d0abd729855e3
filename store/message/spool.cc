#include "store/message/spool.h"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/handle.h"

namespace store {

namespace {

constexpr std::string_view kPrefix = ".mailstow-spool-";

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
  explicit File(const base::Path& directory)
      : directory_(directory), fd_(nameless_file(directory)) {
    if (!fd_) fail_on("make", directory_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { unmap(); }

  void write(base::ByteView bytes) {
    unmap();
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

  void rest() {
    if (mapped_ != nullptr) ::madvise(mapped_, size_, MADV_DONTNEED);
  }

  std::size_t size() const { return size_; }

 private:
  void unmap() {
    if (mapped_ != nullptr) ::munmap(mapped_, size_);
    mapped_ = nullptr;
  }

  base::Path directory_;
  base::Fd fd_;
  std::size_t size_ = 0;
  void* mapped_ = nullptr;
};

Spool::Spool(const base::Path& directory, std::size_t max_in_memory)
    : directory_(&directory), max_in_memory_(max_in_memory) {}
Spool::Spool(Spool&&) noexcept = default;
Spool& Spool::operator=(Spool&&) noexcept = default;
Spool::~Spool() = default;

void Spool::add(base::ByteView piece) {
  if (!file_ && memory_.size() + piece.size() > max_in_memory_) {
    file_ = std::make_unique<File>(*directory_);
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
