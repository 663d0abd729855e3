// Copies of the index in the bucket of a store, so that a machine without an index need not read
// the ends of all packs, and the headers of all messages for the search (docs/pack-format.md,
// "Copies of the index"). Nothing depends on a copy: one that is damaged, or of a commit that the
// store does not have, is not used.
//
// A store in a directory has no copies: its index can be copied like any other file.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/file_system.h"
#include "store/format/block.h"
#include "store/format/layout.h"
#include "store/format/location.h"
#include "store/index/index.h"

namespace store {

// A copy is replaced after this time, or sooner if a machine that uses it would have to read many
// packs: if more than one pack in kSharePerCopy, and at least kMinPacksPerCopy packs, came after
// it, or if a checkpoint did, because a prune may delete the pack of the copy's commit.
inline constexpr std::chrono::days kCopyLasts{7};
inline constexpr std::chrono::days kCopyLastsAfterCheckpoint{1};
inline constexpr std::uint64_t kMinPacksPerCopy = 64;
inline constexpr std::uint64_t kSharePerCopy = 5;

// Puts a copy of the index and of the search index into the bucket, if one is due and the index has
// a commit; then removes older copies, as far as that is permitted. Returns the commit's number;
// nullopt: none is due. Needs the store's lock, and an index that is up to date. Takes room for the
// larger database on the index's disk, and about 64 MB of memory.
//
// Fails with kNoSpace if that room is missing, as the storage and SQLite do, and throws
// base::Stopped between two parts: what was put until then is rubbish, which the next one removes.
std::optional<std::uint64_t> copy_index_if_due(const Location& location, base::FileSystem& files,
                                               const BlockContext& context, Index& index,
                                               std::chrono::sys_seconds now);

// In one directory.
struct IndexFiles {
  base::Path index;
  base::Path search;
};

inline IndexFiles index_files(const Location& location) {
  return {.index = index_file(location), .search = search_index_file(location)};
}

// If the index's file is absent: takes it from the newest copy whose commit the store has, for this
// use; for writers also the search index, if that is absent. The index then lacks what came later.
// Needs the store's lock for writers. Returns the commit's number; nullopt: there is no such copy,
// and nothing has changed, except that the search index may be there.
//
// A copy that is not used is logged as a warning. Fails as the storage does, and with kIo and
// kNoSpace.
std::optional<std::uint64_t> fetch_index_copy(const Location& location, const BlockContext& context,
                                              IndexUse use, const IndexFiles& into);
// Into index_files().
std::optional<std::uint64_t> fetch_index_copy(const Location& location, const BlockContext& context,
                                              IndexUse use);

}  // namespace store
