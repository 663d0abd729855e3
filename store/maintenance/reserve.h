// A small file that keeps room on the store's disk, or on the index's for a store in a bucket: a
// prune that frees space must be able to write its commit although the disk is full.
#pragma once

#include <cstdint>

#include "base/file_system.h"
#include "store/format/location.h"

namespace store {

constexpr std::uint64_t kReserveBytes = 4'000'000;

// Removes the file if less than twice its size is free on its disk. Returns whether it did.
// Needs the store's lock.
bool release_reserve(const Location& location, base::FileSystem& files);

// Creates the file if it is absent or incomplete, and there is room for it beside
// Location::keep_free, or other programs have taken of that. On a disk that is nearly full, the
// file gets most of what is free: the room of a reserve that was given up must not be filled by
// others before the next prune. Does nothing if that fails: prune can do without it. Needs the
// store's lock.
void restore_reserve(const Location& location, base::FileSystem& files);

// For what a prune copies, in bytes.
struct PruneRoom {
  std::uint64_t beside = 0;  // the reserve and Location::keep_free
  // For what frees more than it needs, if the reserve is not there: it is filled again afterwards.
  std::uint64_t with_reserve = 0;
};

enum class ReserveUse {
  kNotYet,
  kGivenUp,
  kPlanned,  // counts as given up where release_reserve() would do that
};

// Fails with kIo.
PruneRoom room_for_prune(const Location& location, base::FileSystem& files, ReserveUse use);

}  // namespace store
