// Deletes from a copy what the checkpoints that it has followed condemned.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/file_system.h"
#include "store/format/location.h"

namespace store {

class Storage;

// The least grace period of a copy in a bucket, whose readers are not seen.
inline constexpr std::chrono::hours kMinGraceInBucket{24};

struct CopyPruneOptions {
  std::chrono::seconds grace{};    // how long a pack stays after it was condemned
  std::chrono::sys_seconds now{};  // by a clock that is not in doubt
  // The lowest number under which a reader of the copy has announced itself
  // (store/index/reader_lock.h).
  std::uint64_t oldest_reader = UINT64_MAX;
};

struct CopyPruneReport {
  std::uint64_t deleted = 0;
  std::uint64_t deleted_bytes = 0;
  std::uint64_t waiting = 0;  // condemned packs that stay for now: their grace period is not over,
                              // or a reader may need them
  std::uint64_t not_removed = 0;  // their removal was refused; the reasons are logged
};

// Deletes a pack only if the copy's own commits condemned it for longer than the grace period, and
// neither the last checkpoint nor a commit after it names it. A pack that a repair condemned, and
// one whose condemnation is in the future, stay. Needs the lock of the copy. After a crash or an
// error, the next call deletes the rest.
//
// Fails with kDamaged, before anything is deleted, if the copy lacks a pack that it needs, or if
// its commits since the last checkpoint can't be read; kConfig if a newer mailstow's extension
// forbids deleting; kKey; and as the storage does.
CopyPruneReport prune_copy(const Location& location, base::FileSystem& files, Storage& copy,
                           const CopyPruneOptions& options);

}  // namespace store
