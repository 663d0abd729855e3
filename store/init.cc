#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "base/log.h"
#include "store/format/layout.h"
#include "store/format/writer_lock.h"
#include "store/index/index.h"
#include "store/keys/key_file.h"
#include "store/keys/key_slot.h"
#include "store/writer.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

// The names that an interrupted init may have made, and the areas that a writer adds.
constexpr std::array<std::string_view, 7> kKnownNames{
    "lock", kKeysArea, kPacksArea, kTreesArea, "readers", kCommitsArea, kOwnerArea};

[[noreturn]] void refuse_existing(const Storage& storage) {
  fail(ErrorCode::kUsage, "init {}: a store already exists there", storage.display_name());
}

void check_directory_is_free(const Location& location, base::FileSystem& files) {
  for (const std::string& name : files.list(location.store)) {
    if (std::ranges::find(kKnownNames, name) != kKnownNames.end()) continue;
    fail(ErrorCode::kUsage,
         "init {}: the directory contains something else ({}): choose an empty one",
         location.store.string(), name);
  }
}

// In a bucket, an interrupted init leaves nothing: the key slot is the first blob.
void check_bucket_is_free(Storage& storage) {
  for (const std::string_view area :
       {kTreesArea, kOwnerArea, kFencesArea, kQuarantineArea, kIndexArea}) {
    const std::vector<std::string> keys = storage.list(area);
    if (keys.empty()) continue;
    fail(ErrorCode::kUsage,
         "init {}: it contains something already ({}): choose another bucket or prefix",
         storage.display_name(), BlobName(area, keys.front()).text());
  }
}

void check_is_free(const Location& location, base::FileSystem& files) {
  if (location.is_directory()) check_directory_is_free(location, files);
  const std::shared_ptr<Storage> storage = storage_of(location, files);
  const SlotListing slots = read_slots(*storage);
  if (!slots.slots.empty() || !slots.damaged.empty() || !slots.newer.empty() ||
      !storage->list(kPacksArea).empty() || !storage->list(kCommitsArea).empty()) {
    refuse_existing(*storage);
  }
  if (!location.is_directory()) check_bucket_is_free(*storage);
  for (const base::Path& left : {index_file(location), highest_commit_file(location)}) {
    if (!files.open(left) && !std::filesystem::exists(left)) continue;
    fail(ErrorCode::kUsage, "init {}: {} belongs to another store: choose another index directory",
         display_name(location), left.string());
  }
}

void make_areas(const Location& location, base::FileSystem& files) {
  for (const base::Path& directory : {packs_directory(location), trees_directory(location),
                                      keys_directory(location), readers_directory(location)}) {
    files.make_directory(directory);
  }
  files.sync_directory(location.store);
}

}  // namespace

void init(const Location& location, base::FileSystem& files, const base::Clock& clock) {
  if (location.is_directory()) base::make_directories(files, location.store);
  const std::unique_ptr<base::FileLock> lock = lock_for_writing(location, files);
  check_is_free(location, files);
  if (location.is_directory()) make_areas(location, files);

  create_key_file(files, location.key_file);
  const Key file_key = load_key_file(files, location.key_file);
  StoreId store;
  fill_random(store);
  // The key slot makes it a store: before it is written, all of this can be repeated; afterwards a
  // writer can do the rest. A listing may have lacked the slot of a store that is there.
  const std::shared_ptr<Storage> storage = storage_of(location, files);
  const KeySlot first =
      wrap_for_key_file(store, random_key(), file_key, clock.now_seconds(), kFirstSlot);
  if (write_first_slot(*storage, first) == Created::kExists) refuse_existing(*storage);
  Index::open(index_file(location), store);
}

}  // namespace store
