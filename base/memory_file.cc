#include "base/memory_file.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"

namespace base {

MemoryFileWriter::MemoryFileWriter(const char* name)
    : name_(name), file_(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
  if (!file_) fail();
}

void MemoryFileWriter::fail() const {
  fail_with_errno(errno, fmt::format("keep {} in memory", name_));
}

void MemoryFileWriter::append(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
    if (written < 0) fail();
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

Fd MemoryFileWriter::finish() {
  constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  if (::fcntl(file_.get(), F_ADD_SEALS, kSeals) != 0) fail();
  if (::lseek(file_.get(), 0, SEEK_SET) != 0) fail();
  return std::move(file_);
}

Fd memory_file(const char* name, ByteView content) {
  MemoryFileWriter writer(name);
  writer.append(content);
  return writer.finish();
}

}  // namespace base
