#include "store/maintenance/reindex.h"

#include <filesystem>

#include "base/error.h"
#include "store/format/commit_chain.h"
#include "store/format/layout.h"
#include "store/format/writer_lock.h"
#include "store/index/catch_up.h"
#include "store/index/commit_mark.h"
#include "store/index/index.h"
#include "store/keys/key_slot.h"
#include "store/search_index/search_index.h"
#include "store/storage/storage.h"

namespace store {

ReindexReport reindex(const Location& location, base::FileSystem& files) {
  const BlockContext context = open_keys(location, files);
  const std::unique_ptr<base::FileLock> lock = lock_for_writing(location, files);
  // Whatever is wrong with the old one, a reader that still has it open can continue to use it.
  for (const base::Path& file : {index_file(location), search_index_file(location)}) {
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(file.string() + suffix);
    }
  }
  Index index = Index::open(index_file(location), context.store);
  ReindexReport report;
  const Rebuilt rebuilt = rebuild_index(location, files, context, index, {});
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
  const Index::Totals totals = index.totals();
  report.packs = totals.packs;
  report.messages = totals.messages;
  return report;
}

}  // namespace store
