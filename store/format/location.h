// Where the parts of a store are: what holds it, and what this machine keeps beside that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config/store_config.h"

namespace base {
class FileSystem;
}

namespace store {

class Storage;

// The parts are kept apart on purpose: copying the store leaks nothing.
struct Location {
  // A store in a directory has here its packs, key slots, records of commits, owners and trees, all
  // of them encrypted, and its locks. Unused for a store in a bucket: see `storage`.
  std::filesystem::path store;
  std::filesystem::path index;     // the directory of the SQLite index: plain text, for searching
  std::filesystem::path key_file;  // opens a key slot
  // Bytes that a Writer leaves free on the disks of written_directories(), and on the index's while
  // a long message is in a file there.
  std::uint64_t keep_free = 0;
  std::uint64_t max_message = base::kMaxMessageByDefault;  // bytes
  // Bytes of one message that a Reader holds in memory; a longer one is in a file without a name in
  // `index` while it is used, as in a Writer.
  std::size_t max_in_memory = 16'000'000;
  // The bound of each Reader that is opened here (Reader::open()). Writers have none.
  std::optional<base::Reach> reach = {};
  // The index is not the one of the store's writers: each Reader brings it up to date
  // (store/own_index.h).
  bool has_own_index = false;
  // The bucket of a store in a bucket, which holds all that is encrypted. Null: the directory
  // `store` holds it.
  std::shared_ptr<Storage> storage = {};
  // The identity of that bucket, if it has enough connections for a proof of its fence
  // (store/fence.h). Empty: there is no fence.
  std::string fenced_bucket = {};
  // The directory of packs on their way into the bucket. Empty: they need no disk.
  std::filesystem::path spool = {};
  // Of blocks of manifests that this machine keeps beside the index of a store in a bucket; 0:
  // none.
  std::uint64_t cache_bytes = 0;
  // Replaces the directory of locks beside the index of a store in a bucket, where that index is a
  // second one of this machine (local_directory(), store/format/layout.h).
  std::filesystem::path local = {};

  // The directory of an index of the store as of an earlier commit
  // (store/maintenance/past_index.h): only for readers, which then see nothing later. Empty: the
  // store is opened as it is now.
  std::filesystem::path past_index = {};

  bool is_directory() const { return storage == nullptr; }
  bool is_past() const { return !past_index.empty(); }
};

// What holds the store. `files` must outlive it.
std::shared_ptr<Storage> storage_of(const Location& location, base::FileSystem& files);

// For messages: the directory, or s3://bucket/prefix.
std::string display_name(const Location& location);

// The directory of an area of a store in a directory. Fails with kInternal for any other store.
std::filesystem::path directory_of_area(const Location& location, std::string_view area);

// The directories that grow while a Writer works: the store's directory, or for a store in a bucket
// the directories of index and spool.
std::vector<std::filesystem::path> written_directories(const Location& location);

struct FreeSpace {
  std::filesystem::path directory;
  std::uint64_t bytes = 0;
};

// That of the disk with the least, of the written directories. Fails with kIo.
FreeSpace least_free_space(const Location& location, base::FileSystem& files);

// Opens the bucket, if the store is in one, or takes the one that this process has open. Fails with
// kConfig.
Location location_of(const base::StoreConfig& config);

}  // namespace store
