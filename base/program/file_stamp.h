// Whether a file is still the one that was read.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/file_system.h"

namespace base {

// What changes whenever a file is written to or replaced. Links are followed.
struct FileStamp {
  bool exists = false;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t changed = 0;   // of the status, in nanoseconds since 1970; no program can set it
  std::int64_t modified = 0;  // of the content, the same

  // A file that can't be examined does not exist.
  static FileStamp of(const Path& file);

  // Whether the next change is sure to show: a file that was changed in this moment could be
  // changed once more within the same tick of the file system's clock.
  bool is_settled(const Clock& clock) const;

  bool operator==(const FileStamp&) const = default;
};

}  // namespace base
