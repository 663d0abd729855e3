#include "store/maintenance/reserve.h"

#include "base/error.h"
#include "base/log.h"
#include "store/format/crypto.h"
#include "store/format/layout.h"

namespace store {

bool release_reserve(const Location& location, base::FileSystem& files) {
  if (files.free_space(local_directory(location)) >= 2 * kReserveBytes) return false;
  if (!files.remove(reserve_file(location))) return false;
  files.sync_directory(local_directory(location));
  return true;
}

void restore_reserve(const Location& location, base::FileSystem& files) {
  try {
    const std::unique_ptr<base::File> file = files.open(reserve_file(location));
    if (file && file->size() >= kReserveBytes) return;
    const std::uint64_t free = files.free_space(local_directory(location));
    if (free < location.keep_free || free - location.keep_free < 2 * kReserveBytes) return;
    if (file) files.remove(reserve_file(location));
    // Random, because some file systems store zeros without using space.
    base::Bytes bytes(kReserveBytes);
    fill_random(bytes);
    const std::unique_ptr<base::File> reserve = files.create(reserve_file(location));
    reserve->write(bytes);
    reserve->sync();
    files.sync_directory(local_directory(location));
  } catch (const base::Error& error) {
    base::log_debug("keep a reserve: {}", error.what());
  }
}

}  // namespace store
