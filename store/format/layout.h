// Paths of a store's files (docs/pack-format.md, "Files").
#pragma once

#include <string>
#include <string_view>

#include "base/file_system.h"
#include "store/format/location.h"

namespace store {

// The areas of the store's storage (store/storage/). A pack's key is its name in hex.
inline constexpr std::string_view kPacksArea = "packs";
// Those of the commit records and the owner records (store/format/commit_record.h, owner_record.h).
inline constexpr std::string_view kCommitsArea = "commits";
inline constexpr std::string_view kOwnerArea = "owner";
inline constexpr std::string_view kFencesArea = "fences";          // only in buckets
inline constexpr std::string_view kKeysArea = "keys";              // store/keys/key_slot.h
inline constexpr std::string_view kTreesArea = "trees";            // store/tree_version.h
inline constexpr std::string_view kQuarantineArea = "quarantine";  // of damaged blobs
inline constexpr std::string_view kIndexArea =
    "index";  // only in buckets: store/index/index_copy.h

// Of a store in a directory: these fail with kInternal for any other one (directory_of_area()).
inline base::Path packs_directory(const Location& location) {
  return directory_of_area(location, kPacksArea);
}
inline base::Path commits_directory(const Location& location) {
  return directory_of_area(location, kCommitsArea);
}
inline base::Path owner_directory(const Location& location) {
  return directory_of_area(location, kOwnerArea);
}
inline base::Path keys_directory(const Location& location) {
  return directory_of_area(location, kKeysArea);
}
inline base::Path trees_directory(const Location& location) {
  return directory_of_area(location, kTreesArea);
}
// What repairs took out of the way (store/maintenance/quarantine.h).
inline base::Path quarantine_directory(const Location& location) {
  return directory_of_area(location, kQuarantineArea);
}

// What only this machine needs: locks, a reserve of room. It lies in the store's directory, where
// all processes meet that use it, or beside the index of a store in a bucket.
inline base::Path local_directory(const Location& location) {
  if (location.is_directory()) return location.store;
  return location.local.empty() ? location.index / "local" : location.local;
}
inline base::Path readers_directory(const Location& location) {
  return local_directory(location) / "readers";
}
// Room that prune gives up when the disk is full (store/maintenance/reserve.h).
inline base::Path reserve_file(const Location& location) {
  return local_directory(location) / "reserve";
}
inline base::Path lock_file(const Location& location) {
  return local_directory(location) / "lock";
}

inline base::Path index_directory(const Location& location) {
  return location.is_past() ? location.past_index : location.index;
}
inline base::Path index_file(const Location& location) {
  return index_directory(location) / "index.sqlite";
}
// The one that a reindex builds, until it takes the other's place.
inline base::Path new_index_file(const Location& location) {
  return location.index / "new-index.sqlite";
}
// And the search index that it takes from the store's copy, until it takes the other's place.
inline base::Path new_search_index_file(const Location& location) {
  return location.index / "new-search.sqlite";
}
// The directory in which one of readers is built (Location::has_own_index).
inline base::Path new_readers_index(const Location& location) {
  return location.index / "new-index";
}
// Locked by what builds that.
inline base::Path reindex_lock_file(const Location& location) {
  return location.index / "reindex.lock";
}
// Of blocks of manifests of a store in a bucket (store/index/block_cache.h).
inline base::Path cache_directory(const Location& location) {
  return location.index / "cache";
}
inline base::Path search_index_file(const Location& location) {
  return index_directory(location) / "search.sqlite";
}
// The indexes as of earlier commits, a directory each (store/maintenance/past_index.h).
inline base::Path past_indexes_directory(const Location& location) {
  return location.index / "as-of";
}
// The newest state of a tree's record (store/tree_note.h).
inline base::Path tree_note_file(const Location& location, const std::string& tree_id) {
  return location.index / ("tree-" + tree_id + ".newest");
}
inline base::Path check_log_file(const Location& location) {
  return location.index / "checks";
}
inline base::Path highest_commit_file(const Location& location) {
  return location.index / "highest-commit";
}
// What is known about the fence of a store in a bucket (store/fence.h).
inline base::Path fence_file(const Location& location) {
  return location.index / "fence";
}
// Exists if the index is of first versions (store/format/right_version.h).
inline base::Path first_versions_file(const Location& location) {
  return location.index / "first-versions";
}
// What distinguishes this machine from others (store/index/host_identity.h).
inline base::Path host_identity_file(const Location& location) {
  return location.index / "host-identity";
}

}  // namespace store
