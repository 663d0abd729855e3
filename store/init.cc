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
constexpr std::array<std::string_view, 7> kKnownNames{"lock",    "keys",       kPacksArea, "trees",
                                                      "readers", kCommitsArea, kOwnerArea};

void check_is_free(const Location& location, base::FileSystem& files) {
  for (const std::string& name : files.list(location.store)) {
    if (std::ranges::find(kKnownNames, name) != kKnownNames.end()) continue;
    fail(ErrorCode::kUsage,
         "init {}: the directory contains something else ({}): choose an empty one",
         location.store.string(), name);
  }
  const SlotListing slots = read_slots(files, keys_directory(location));
  if (!slots.slots.empty() || !slots.damaged.empty() ||
      !files.list(packs_directory(location)).empty() ||
      !files.list(commits_directory(location)).empty()) {
    fail(ErrorCode::kUsage, "init {}: a store already exists there", location.store.string());
  }
  for (const base::Path& left : {index_file(location), highest_commit_file(location)}) {
    if (!files.open(left) && !std::filesystem::exists(left)) continue;
    fail(ErrorCode::kUsage, "init {}: {} belongs to another store: choose another index directory",
         location.store.string(), left.string());
  }
}

}  // namespace

void init(const Location& location, base::FileSystem& files, const base::Clock& clock) {
  base::make_directories(files, location.store);
  const std::unique_ptr<base::FileLock> lock = lock_for_writing(location, files);
  check_is_free(location, files);
  for (const base::Path& directory : {packs_directory(location), trees_directory(location),
                                      keys_directory(location), readers_directory(location)}) {
    files.make_directory(directory);
  }
  files.sync_directory(location.store);

  create_key_file(files, location.key_file);
  const Key file_key = load_key_file(files, location.key_file);
  StoreId store;
  fill_random(store);
  // The key slot makes it a store: before it is written, all of this can be repeated; afterwards a
  // writer can do the rest.
  const auto now = clock.now_seconds();
  write_slot(files, keys_directory(location),
             wrap_for_key_file(store, random_key(), file_key, now));
  Index::open(index_file(location), store);
}

}  // namespace store
