#include "base/program/file_stamp.h"

#include <chrono>

#include <sys/stat.h>

namespace base {

namespace {

constexpr std::chrono::seconds kMaxTick{2};  // of the file systems that count in seconds

std::int64_t nanoseconds(const timespec& time) {
  return std::chrono::nanoseconds(std::chrono::seconds(time.tv_sec)).count() + time.tv_nsec;
}

}  // namespace

FileStamp FileStamp::of(const Path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return {};
  return {.exists = true,
          .device = status.st_dev,
          .inode = status.st_ino,
          .size = status.st_size,
          .changed = nanoseconds(status.st_ctim),
          .modified = nanoseconds(status.st_mtim)};
}

bool FileStamp::is_settled(const Clock& clock) const {
  if (!exists) return true;
  const std::chrono::nanoseconds now = clock.now().time_since_epoch();
  return std::chrono::nanoseconds(changed) + kMaxTick < now;
}

}  // namespace base
