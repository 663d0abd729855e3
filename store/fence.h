// The fence of a store in a bucket: of two writers that have it, only one can commit after a
// commit.
//
// It needs a storage that creates a name only once, under the condition of a request, which some
// object storage ignores and answers that all is well. So it is proven by a race, which is noted
// beside the index, and tried by a request or two each time that a writer opens the store. It is
// only ever an addition: commit records have names that no other writer uses, with or without a
// fence. A fence that gives way unnoticed, or that one host has and another has not, leaves forks,
// which lose nothing (docs/pack-format.md, "Forks").
#pragma once

#include <chrono>

#include "base/file_system.h"
#include "store/format/location.h"
#include "store/index/commit_log.h"
#include "store/storage/storage.h"

namespace store {

enum class FenceProof {
  kUntried,
  kProven,
  kAbsent,  // the storage can't do it, or ignores the condition
  kBroken,  // it could, and once did not: it is never trusted again
};

struct FenceNote {
  FenceProof proof = FenceProof::kUntried;
  std::chrono::sys_seconds time{};  // of the proof
};

// Kept in fence_file(). Without one, of another bucket, or unreadable: kUntried. Fails with kIo.
FenceNote load_fence_note(base::FileSystem& files, const Location& location);

// Makes the proof, unless the fence is broken, and notes it; kUntried, without a note, if the
// storage refuses. Fails like the storage and with kIo.
FenceNote prove_fence(Storage& storage, base::FileSystem& files, const Location& location,
                      std::chrono::sys_seconds now);

// For a writer that begins: makes the proof unless one is younger than thirty days, and tries the
// fence. A fence that gives way is noted as broken. Fails as prove_fence() does.
Fence open_fence(Storage& storage, base::FileSystem& files, const Location& location,
                 std::chrono::sys_seconds now);

}  // namespace store
