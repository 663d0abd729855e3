#include "base/regular_file.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "base/error.h"

namespace base {

namespace {

constexpr mode_t kPrivate = 0600;

// The answers of open() to a socket, to a FIFO without a reader, to a device without a driver and
// to a directory.
bool is_of_another_kind(int error) {
  return error == ENXIO || error == ENODEV || error == EISDIR;
}

ErrorCode code_of_foreign(int flags, Links links) {
  if ((flags & (O_APPEND | O_TRUNC)) != 0) return ErrorCode::kIo;
  return links == Links::kFollow ? ErrorCode::kConfig : ErrorCode::kDamaged;
}

[[noreturn]] void fail_as_foreign(ErrorCode code, const std::string& what) {
  fail(code, "{}: it is not a regular file: remove it, or put the right file there", what);
}

}  // namespace

Fd open_regular_file(std::string_view operation, const std::filesystem::path& path, int flags,
                     Links links) {
  // Without O_NONBLOCK, opening a FIFO waits until another process opens its other end. Reading and
  // writing a regular file is the same with it.
  flags |= O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (links == Links::kRefuse ? O_NOFOLLOW : 0);
  int descriptor = -1;
  do {
    descriptor = ::open(path.c_str(), flags, kPrivate);
  } while (descriptor < 0 && errno == EINTR);
  Fd fd(descriptor);
  if (!fd && errno == ENOENT && (flags & O_CREAT) == 0) return fd;
  const int error = errno;
  const std::string what = fmt::format("{} {}", operation, path.string());
  const ErrorCode if_foreign = code_of_foreign(flags, links);
  if (!fd && error == ELOOP && links == Links::kRefuse) {
    fail(if_foreign, "{}: it is a symbolic link: put the file itself there", what);
  }
  if (!fd && is_of_another_kind(error)) fail_as_foreign(if_foreign, what);
  if (!fd) fail_with_errno(error, what);
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) fail_with_errno(errno, what);
  if (!S_ISREG(status.st_mode)) fail_as_foreign(if_foreign, what);
  return fd;
}

}  // namespace base
