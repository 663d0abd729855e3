#include "base/local_disk.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <linux/magic.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

namespace base {

namespace {

// linux/magic.h lacks some.
constexpr std::uint64_t kXfs = 0x58465342;
constexpr std::uint64_t kZfs = 0x2fc12fc1;
constexpr std::uint64_t kJfs = 0x3153464a;
constexpr std::uint64_t kBcachefs = 0xca451a4e;

constexpr std::array<std::uint64_t, 10> kLocal = {EXT4_SUPER_MAGIC,
                                                  BTRFS_SUPER_MAGIC,
                                                  F2FS_SUPER_MAGIC,
                                                  TMPFS_MAGIC,
                                                  OVERLAYFS_SUPER_MAGIC,
                                                  kXfs,
                                                  REISERFS_SUPER_MAGIC,
                                                  kZfs,
                                                  kJfs,
                                                  kBcachefs};

}  // namespace

bool is_on_local_disk(const Path& path) {
  struct statfs status {};
  if (::statfs(path.c_str(), &status) != 0) return false;
  const auto type = static_cast<std::uint64_t>(status.f_type) & 0xffffffff;
  return std::ranges::find(kLocal, type) != kLocal.end();
}

bool is_on_read_only_disk(const Path& path) {
  struct statvfs status {};
  return ::statvfs(path.c_str(), &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

}  // namespace base
