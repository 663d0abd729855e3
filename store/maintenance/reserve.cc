#include "store/maintenance/reserve.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "store/format/crypto.h"
#include "store/format/layout.h"
#include "store/format/writer_lock.h"

namespace store {

namespace {

// For the records of the job that ends. Other programs may take it, and the reserve is smaller by
// it after each prune on a disk that they keep full.
constexpr std::uint64_t kLeftFree = 32'000;
// A smaller reserve, or less more of it, is not worth the writing.
constexpr std::uint64_t kMinReserve = 500'000;
constexpr std::uint64_t kMinGrowth = 100'000;

// 0: there is no room for it. `free`: beside the `reserved` bytes that there are.
std::uint64_t size_with_room(std::uint64_t reserved, std::uint64_t free, std::uint64_t keep_free) {
  if (free >= keep_free && free - keep_free >= 2 * kReserveBytes) return kReserveBytes;
  // Where others have taken of keep_free, the disk may be full before the next prune. What they
  // have left of it stays otherwise.
  if (free >= 2 * kReserveBytes) return free < keep_free ? kReserveBytes : 0;
  const std::uint64_t room = free + reserved;
  if (room < kMinReserve) return 0;
  return std::clamp(room - std::min(room, kLeftFree), kMinReserve, kReserveBytes);
}

}  // namespace

bool release_reserve(const Location& location, base::FileSystem& files) {
  if (files.free_space(local_directory(location)) >= 2 * kReserveBytes) return false;
  if (!files.remove(reserve_file(location))) return false;
  files.sync_directory(local_directory(location));
  return true;
}

void restore_reserve(const Location& location, base::FileSystem& files) {
  try {
    const base::Path path = reserve_file(location);
    const base::Path directory = local_directory(location);
    std::uint64_t reserved = 0;
    if (const auto file = files.open(path)) reserved = file->size();
    if (reserved >= kReserveBytes) return;
    const std::uint64_t size =
        size_with_room(reserved, files.free_space(directory), location.keep_free);
    if (size < std::min(kReserveBytes, reserved + kMinGrowth)) return;
    files.remove(path);
    // Random, because some file systems store zeros without using space.
    base::Bytes bytes(size);
    fill_random(bytes);
    const std::unique_ptr<base::File> reserve = files.create(path);
    reserve->write(bytes);
    reserve->sync();
    files.sync_directory(directory);
  } catch (const base::Error& error) {
    base::log_debug("keep a reserve: {}", error.what());
  }
}

PruneRoom room_for_prune(const Location& location, base::FileSystem& files, ReserveUse use) {
  std::uint64_t free = least_free_space(location, files).bytes;
  if (const auto reserve = files.open(reserve_file(location))) {
    if (use != ReserveUse::kPlanned || free >= 2 * kReserveBytes) {
      return {.beside = free - std::min(free, location.keep_free)};
    }
    free += reserve->size();
    use = ReserveUse::kGivenUp;
  }
  // The room of a reserve that was given up is for commits, and for what frees space. Where there
  // never was a reserve, the administrator's keep_free stays free.
  const std::uint64_t keep_free = std::min(location.keep_free, UINT64_MAX - kReserveBytes);
  PruneRoom room{.beside = free - std::min(free, keep_free + kReserveBytes)};
  const std::uint64_t allowed =
      use == ReserveUse::kGivenUp ? free : free - std::min(free, keep_free);
  room.with_reserve = std::min(allowed, room.beside + kReserveBytes);
  return room;
}

bool ReservedRoom::give_up() {
  const auto lock = lock_for_writing(location_, files_);
  // Also if this fails once the file is removed.
  const bool could_be_gone = std::exchange(may_be_gone_, true);
  if (!release_reserve(location_, files_)) {
    may_be_gone_ = could_be_gone;
    return false;
  }
  is_given_up_ = true;
  return true;
}

ReservedRoom::~ReservedRoom() {
  if (!may_be_gone_) return;
  try {
    const auto lock = lock_for_writing(location_, files_);
    restore_reserve(location_, files_);
  } catch (const std::exception& error) {
    base::log_debug("keep a reserve: {}", error.what());
  }
}

}  // namespace store
