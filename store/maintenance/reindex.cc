#include "store/maintenance/reindex.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/finally.h"
#include "base/log.h"
#include "store/format/commit_chain.h"
#include "store/format/layout.h"
#include "store/format/writer_lock.h"
#include "store/index/catch_up.h"
#include "store/index/commit_mark.h"
#include "store/index/index.h"
#include "store/index/index_copy.h"
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

void log_insufficient(std::uint64_t copy, const std::string& why) {
  base::log_warning(
      "the copy of the index as of commit {} does not suffice{}: reading all packs", copy,
      why.empty() ? std::string(", because something is missing or damaged") : ": " + why);
}

ReindexReport totals_of(Index& index) {
  const Index::Totals totals = index.totals();
  return {.packs = totals.packs, .messages = totals.messages, .damage = {}};
}

// SQLite leaves its log behind if it could not move all of it into the file.
void require_no_log(const base::Path& file) {
  const base::Path log = file.string() + "-wal";
  if (!std::filesystem::exists(log) || std::filesystem::file_size(log) == 0) return;
  base::fail(base::ErrorCode::kIo,
             "reindex: write index {}: it could not be finished: see whether its disk is full",
             file.string());
}

// In the directory of `scratch`. What is missing is reported by an index from a copy, too: it knows
// more commits than packs that remain.
ReindexReport make_readers_index(const Location& scratch, base::FileSystem& files,
                                 const BlockContext& context, bool uses_copy) {
  std::filesystem::remove_all(scratch.index);
  std::optional<std::uint64_t> copy;
  if (uses_copy) copy = fetch_index_copy(scratch, context, IndexUse::kReaders);
  // Where there is an index, catching up takes no copy.
  if (!copy) Index::open(index_file(scratch), context.store, IndexUse::kReaders);
  std::vector<std::string> damage;
  std::string why;
  const auto add_rest = [&] { damage = catch_up_own_index(scratch, files, context); };
  if (copy) {
    why = base::why_unreadable(add_rest);
  } else {
    add_rest();
  }
  if (!why.empty()) {
    log_insufficient(*copy, why);
    return make_readers_index(scratch, files, context, /*uses_copy=*/false);
  }
  require_no_log(index_file(scratch));
  Index index = Index::open_read_only(index_file(scratch), context.store);
  ReindexReport report = totals_of(index);
  report.copy = copy.value_or(0);
  report.damage = std::move(damage);
  return report;
}

// An index that is there may be wrong, and then its copy, too.
bool takes_copy(const Location& location, const ReindexOptions& options) {
  return options.uses_copy && options.versions == Versions::kNewest &&
         !std::filesystem::exists(index_file(location));
}

// Notes of which versions the index is; of first ones before it is in its place, so that nothing is
// committed with it.
template <typename Work>
void put_in_place(const Location& location, base::FileSystem& files, Versions versions,
                  const Work& work) {
  if (versions == Versions::kFirst) note_versions(location, files, versions);
  work();
  if (versions == Versions::kNewest) note_versions(location, files, versions);
}

// The directory in which the index of readers is built belongs to one process.
std::unique_ptr<base::FileLock> lock_for_reindex(const Location& location,
                                                 base::FileSystem& files) {
  base::make_directories(files, location.index);
  std::unique_ptr<base::FileLock> lock =
      files.try_lock(reindex_lock_file(location), base::LockMode::kExclusive);
  if (!lock) {
    base::fail(base::ErrorCode::kBusy, "reindex: another one is building {}: wait until it is done",
               index_file(location).string());
  }
  return lock;
}

// An index of readers, which does not need the store's lock.
ReindexReport reindex_for_readers(const Location& location, base::FileSystem& files,
                                  const BlockContext& context, const ReindexOptions& options) {
  const std::unique_ptr<base::FileLock> lock = lock_for_reindex(location, files);
  Location scratch = location;
  scratch.index = new_readers_index(location);
  const base::Finally cleared([&] {
    std::error_code ignored;
    std::filesystem::remove_all(scratch.index, ignored);
  });
  ReindexReport report = make_readers_index(scratch, files, context, takes_copy(location, options));
  put_in_place(location, files, options.versions, [&] {
    remove_database(index_file(location));
    std::filesystem::rename(index_file(scratch), index_file(location));
  });
  remove_past_indexes(location);
  return report;
}

// A complete index that is not yet in its place.
struct NewIndex {
  CaughtUp found;
  std::uint64_t copy = 0;  // ReindexReport::copy
};

void remove_new_index(const Location& location) {
  remove_database(new_index_file(location));
  remove_database(new_search_index_file(location));
}

// Fails before the index that exists is touched if a newer version of mailstow wrote to the store.
void require_readable(const Location& location, Index& index) {
  require_allowed(index.extensions(), Forbids::kReading, "reindex store " + display_name(location));
}

// Whether each commit names the one before it.
bool is_chain_whole(Index& index) {
  const std::vector<Index::CommitRow> commits = index.commit_rows();
  for (std::size_t i = 1; i < commits.size(); ++i) {
    if (commits[i].previous != commits[i - 1].id) return false;
  }
  return true;
}

// Nullopt: all packs must be read, into an empty index.
std::optional<NewIndex> build_from_copy(const Location& location, base::FileSystem& files,
                                        const BlockContext& context) {
  const std::optional<std::uint64_t> copy = fetch_index_copy(
      location, context, IndexUse::kWriters,
      {.index = new_index_file(location), .search = new_search_index_file(location)});
  if (!copy) return std::nullopt;
  std::optional<CaughtUp> found;
  const std::string why = base::why_unreadable([&] {
    Index index = Index::open(new_index_file(location), context.store);
    found = catch_up(location, files, context, index);
    require_readable(location, index);
    if (!is_chain_whole(index)) found.reset();
  });
  if (found && found->damage.empty()) return NewIndex{.found = *std::move(found), .copy = *copy};
  log_insufficient(*copy, why);
  return std::nullopt;
}

// Finds what is wrong with the store besides the damage that a rebuilding finds, too.
NewIndex build_from_packs(const Location& location, base::FileSystem& files,
                          const BlockContext& context) {
  Index index = Index::open(new_index_file(location), context.store);
  Rebuilt rebuilt = rebuild_index(location, files, context, index, {});
  require_readable(location, index);
  const std::vector<PackName> packs = index.packs();
  for (std::string& line : find_breaks(rebuilt.commits, {packs.begin(), packs.end()})) {
    rebuilt.damage.push_back(std::move(line));
  }
  return {.found = std::move(static_cast<CaughtUp&>(rebuilt))};
}

// A reader that has the old index open can continue to use it.
void replace_index(const Location& location) {
  const base::Path file = new_index_file(location);
  require_no_log(file);
  for (const base::Path& old : {index_file(location), search_index_file(location)}) {
    remove_database(old);
  }
  const base::Path search = new_search_index_file(location);
  if (std::filesystem::exists(search)) {
    std::filesystem::rename(search, search_index_file(location));
  }
  std::filesystem::rename(file, index_file(location));
}

NewIndex rebuild_at_once(const Location& location, base::FileSystem& files,
                         const BlockContext& context, const ReindexOptions& options) {
  remove_new_index(location);  // an earlier run may not have come to its end
  try {
    std::optional<NewIndex> made;
    if (takes_copy(location, options)) made = build_from_copy(location, files, context);
    if (!made) {
      remove_new_index(location);
      made = build_from_packs(location, files, context);
    }
    put_in_place(location, files, options.versions, [&] { replace_index(location); });
    return *std::move(made);
  } catch (...) {
    remove_new_index(location);
    throw;
  }
}

// The keys may have been deleted, too.
BlockContext open_keys_in(Versions versions, const Location& location, base::FileSystem& files) {
  const std::shared_ptr<Storage> storage = storage_of(location, files);
  if (versions == Versions::kFirst) {
    choose_first_versions(*storage);
  } else if (reads_first_versions(location, files)) {
    choose_newest_versions(*storage);
  }
  Location without_index = location;  // whatever versions the old one is of
  without_index.index.clear();
  return open_keys(without_index, files);
}

}  // namespace

ReindexReport reindex(const Location& location, base::FileSystem& files,
                      const ReindexOptions& options) {
  const BlockContext context = open_keys_in(options.versions, location, files);
  if (location.has_own_index) return reindex_for_readers(location, files, context, options);
  const std::unique_ptr<base::FileLock> lock = lock_for_writing(location, files);
  const NewIndex made = rebuild_at_once(location, files, context, options);
  remove_past_indexes(location);
  Index index = Index::open(index_file(location), context.store);
  ReindexReport report = totals_of(index);
  report.copy = made.copy;
  report.damage = made.found.damage;
  SearchIndex search = SearchIndex::open(search_index_file(location), context.store);
  fill_search_index(location, files, context, index, search);
  try {
    check_highest_commit(files, location, context.store, index, made.found.recorded,
                         made.found.forked);
    // A commit without a record was not acknowledged, and the next listing may not show it.
    const bool shows_it = storage_of(location, files)->traits().lists_at_once;
    if (made.found.is_newest_recorded || shows_it) {
      save_highest_commit(files, location, context.store, index.highest_commit());
    }
  } catch (const base::Error& error) {
    report.damage.emplace_back(error.what());
  }
  return report;
}

}  // namespace store
