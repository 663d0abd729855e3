#include "store/maintenance/reindex.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/finally.h"
#include "store/format/commit_chain.h"
#include "store/format/layout.h"
#include "store/format/writer_lock.h"
#include "store/index/catch_up.h"
#include "store/index/commit_mark.h"
#include "store/index/index.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/past_index.h"
#include "store/own_index.h"
#include "store/search_index/search_index.h"
#include "store/storage/storage.h"

namespace store {

namespace {

void remove_database(const base::Path& file) {
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + suffix);
}

ReindexReport totals_of(Index& index) {
  const Index::Totals totals = index.totals();
  return {.packs = totals.packs, .messages = totals.messages, .damage = {}};
}

// An index of readers, which needs no lock: another one that is built meanwhile is as good.
ReindexReport reindex_for_readers(const Location& location, base::FileSystem& files) {
  const BlockContext context = open_keys(location, files);
  Location scratch = location;
  scratch.index = new_readers_index(location);
  const base::Finally cleared([&] {
    std::error_code ignored;
    std::filesystem::remove_all(scratch.index, ignored);
  });
  std::filesystem::remove_all(scratch.index);
  std::vector<std::string> damage = catch_up_own_index(scratch, files, context);
  ReindexReport report;
  {
    Index index = Index::open_read_only(index_file(scratch), context.store);
    report = totals_of(index);
  }
  report.damage = std::move(damage);
  remove_database(index_file(location));
  std::filesystem::rename(index_file(scratch), index_file(location));
  return report;
}

// Fails before the index that exists is touched if a newer version of mailstow wrote to the store.
Rebuilt build_new_index(const Location& location, base::FileSystem& files,
                        const BlockContext& context) {
  const base::Path file = new_index_file(location);
  remove_database(file);  // an earlier run may not have come to its end
  Index index = Index::open(file, context.store);
  Rebuilt rebuilt = rebuild_index(location, files, context, index, {});
  require_allowed(index.extensions(), Forbids::kReading, "reindex store " + display_name(location));
  return rebuilt;
}

// A reader that has the old index open can continue to use it.
void replace_index(const Location& location) {
  const base::Path file = new_index_file(location);
  // SQLite leaves its log behind if it could not move all of it into the file.
  if (std::filesystem::exists(file.string() + "-wal")) {
    base::fail(base::ErrorCode::kIo,
               "reindex: write index {}: it could not be finished: see whether its disk is full",
               file.string());
  }
  for (const base::Path& old : {index_file(location), search_index_file(location)}) {
    remove_database(old);
  }
  std::filesystem::rename(file, index_file(location));
}

Rebuilt rebuild_at_once(const Location& location, base::FileSystem& files,
                        const BlockContext& context) {
  try {
    Rebuilt rebuilt = build_new_index(location, files, context);
    replace_index(location);
    return rebuilt;
  } catch (...) {
    remove_database(new_index_file(location));
    throw;
  }
}

}  // namespace

ReindexReport reindex(const Location& location, base::FileSystem& files) {
  if (location.has_own_index) return reindex_for_readers(location, files);
  const BlockContext context = open_keys(location, files);
  const std::unique_ptr<base::FileLock> lock = lock_for_writing(location, files);
  const Rebuilt rebuilt = rebuild_at_once(location, files, context);
  remove_past_indexes(location);
  Index index = Index::open(index_file(location), context.store);
  ReindexReport report = totals_of(index);
  report.damage = rebuilt.damage;
  const std::vector<PackName> packs = index.packs();
  for (std::string& line : find_breaks(rebuilt.commits, {packs.begin(), packs.end()})) {
    report.damage.push_back(std::move(line));
  }
  SearchIndex search = SearchIndex::open(search_index_file(location), context.store);
  fill_search_index(location, files, context, index, search);
  try {
    check_highest_commit(files, location, context.store, index, rebuilt.recorded, rebuilt.forked);
    // A commit without a record was not acknowledged, and the next listing may not show it.
    const bool shows_it = storage_of(location, files)->traits().lists_at_once;
    if (rebuilt.is_newest_recorded || shows_it) {
      save_highest_commit(files, location, context.store, index.highest_commit());
    }
  } catch (const base::Error& error) {
    report.damage.emplace_back(error.what());
  }
  return report;
}

}  // namespace store
