#include "base/memory_file.h"

#include <cerrno>

#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"

namespace base {

Fd memory_file(const char* name, ByteView content) {
  Fd file(::memfd_create(name, MFD_CLOEXEC));
  if (!file) fail_with_errno(errno, fmt::format("keep {} in memory", name));
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0) fail_with_errno(errno, fmt::format("keep {} in memory", name));
    content = content.subspan(static_cast<std::size_t>(written));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

}  // namespace base
