#include "store/maintenance/past_index.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/error.h"
#include "base/id_text.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/format/layout.h"
#include "store/format/right_version.h"
#include "store/index/catch_up.h"
#include "store/index/commit_log.h"
#include "store/index/index.h"
#include "store/keys/key_slot.h"
#include "store/search_index/search_index.h"

namespace store {

namespace {

using base::ErrorCode;
using nlohmann::ordered_json;
using std::chrono::sys_seconds;

// The description of its commit that an index keeps.
struct PastNote {
  PastCommit commit;
  PastLoss loss;
};

std::int64_t seconds_of(sys_seconds time) {
  return time.time_since_epoch().count();
}

sys_seconds time_in(const ordered_json& number) {
  return sys_seconds(std::chrono::seconds(number.get<std::int64_t>()));
}

std::string write_note(const PastNote& note) {
  ordered_json next;
  if (note.commit.next) {
    next = {{"number", note.commit.next->number},
            {"id", note.commit.next->id.hex()},
            {"time", seconds_of(note.commit.next->time)},
            {"dropped", note.commit.next->dropped}};
  }
  ordered_json missing = ordered_json::array();
  for (const PackName& pack : note.loss.missing) missing.push_back(pack.hex());
  return base::json_line(
      {{"number", note.commit.number},
       {"id", note.commit.id.hex()},
       {"time", seconds_of(note.commit.time)},
       {"doubted", note.commit.is_time_doubted},
       {"next", next},
       {"later", note.commit.later ? ordered_json(seconds_of(*note.commit.later)) : ordered_json()},
       {"missing", missing},
       {"damage", note.loss.damage}});
}

ObjectId id_in(const ordered_json& text) {
  return ObjectId::from_hex(text.get<std::string>()).value();
}

// Nullopt: it was not completed, or another version of mailstow wrote it.
std::optional<PastNote> read_note(const std::string& text) {
  try {
    const ordered_json document = base::parse_json(text);
    PastNote note;
    note.commit = {.number = document.at("number").get<std::uint64_t>(),
                   .id = id_in(document.at("id")),
                   .time = time_in(document.at("time")),
                   .is_time_doubted = document.at("doubted").get<bool>()};
    if (const ordered_json& next = document.at("next"); !next.is_null()) {
      note.commit.next = {.number = next.at("number").get<std::uint64_t>(),
                          .id = id_in(next.at("id")),
                          .time = time_in(next.at("time")),
                          .dropped = next.at("dropped").get<std::uint64_t>()};
    }
    if (const ordered_json& later = document.at("later"); !later.is_null()) {
      note.commit.later = time_in(later);
    }
    for (const ordered_json& pack : document.at("missing")) {
      note.loss.missing.push_back({id_in(pack).bytes});
    }
    note.loss.damage = document.at("damage").get<std::vector<std::string>>();
    return note;
  } catch (const std::exception& error) {
    base::log_debug("an index as of an earlier commit is made again: {}", error.what());
    return std::nullopt;
  }
}

// Whatever was deleted or replaced since counts as it was first, where that was kept. Key slots are
// left out: a key that was removed stays removed.
void choose_versions_for_past(Storage& storage) {
  if (!storage.keeps_versions()) return;
  try {
    for (const std::string_view area : {kPacksArea, kCommitsArea}) {
      choose_first_versions(storage, area);
    }
  } catch (const StorageError& error) {
    if (error.trouble() != Trouble::kRefused) throw;
    base::log_debug("{}", error.what());
  }
}

BlockContext open_past_keys(const Location& location, base::FileSystem& files) {
  choose_versions_for_past(*storage_of(location, files));
  return open_keys(location, files);
}

Location past_location(const Location& location, base::Path directory) {
  Location past = location;
  past.past_index = std::move(directory);
  past.has_own_index = false;  // it is never brought up to date
  return past;
}

// Other programs may add and remove entries meanwhile.
std::vector<base::Path> entries_of(const base::Path& directory) {
  std::vector<base::Path> entries;
  std::error_code error;
  std::filesystem::directory_iterator entry(directory, error);
  while (!error && entry != std::filesystem::directory_iterator()) {
    entries.push_back(entry->path());
    entry.increment(error);
  }
  if (error && error != std::errc::no_such_file_or_directory &&
      error != std::errc::not_a_directory) {
    base::log_warning("list {}: {}", directory.string(), error.message());
  }
  return entries;
}

Index open_past_index(const Location& past, const BlockContext& context) {
  return Index::open_read_only(index_file(past), context.store, IndexUse::kPast);
}

class PastIndexes {
 public:
  PastIndexes(const Location& location, base::FileSystem& files)
      : location_(location), files_(files), context_(open_past_keys(location, files)) {}

  // Nullopt: there is no such index, or not everything that it shows is there.
  std::optional<OpenedPast> find(const WantedCommit& wanted) {
    for (const std::string& name : files_.list(past_indexes_directory(location_))) {
      if (name.starts_with('.')) continue;
      const Location past = past_location(location_, past_indexes_directory(location_) / name);
      try {
        Index index = open_past_index(past, context_);
        const std::optional<PastNote> note = read_note(index.past());
        if (!note || !note->commit.is(wanted) || !is_current(*note, index)) continue;
        return OpenedPast{.commit = note->commit, .damage = note->loss.damage, .location = past};
      } catch (const base::Error& error) {
        if (error.code() == ErrorCode::kStorage) throw;
        base::log_debug("{}", error.what());
      }
    }
    return std::nullopt;
  }

  // Under another name until it is complete, so that a crash leaves only rubbish. Two processes may
  // make the same one: without `with_search`, the first one's is used by both.
  PastReindexReport make(const WantedCommit& wanted, bool with_search) {
    remove_leftovers();
    const base::Path work = past_indexes_directory(location_) / fmt::format(".new.{}", ::getpid());
    remove_tree(work);
    base::make_directories(files_, work);
    PastReindexReport report;
    try {
      report = fill(past_location(location_, work), wanted, with_search);
      std::optional<OpenedPast> other = with_search ? std::nullopt : find(wanted);
      if (other) {
        remove_tree(work);
        report.opened = *std::move(other);
        return report;
      }
      const base::Path directory = past_indexes_directory(location_) /
                                   fmt::format("{}-{}", report.opened.commit.number,
                                               base::shown_id(report.opened.commit.id.hex()));
      put_in_place(work, directory);
      report.opened.location = past_location(location_, directory);
    } catch (...) {
      remove_tree(work);
      throw;
    }
    return report;
  }

 private:
  static void remove_tree(const base::Path& path) {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }

  // What processes that were killed have left under `.new.PID` and `.old.PID`.
  void remove_leftovers() {
    const base::Path directory = past_indexes_directory(location_);
    for (const std::string& name : files_.list(directory)) {
      if (name.starts_with('.') && is_of_dead_process(name)) remove_tree(directory / name);
    }
  }

  static bool is_of_dead_process(std::string_view name) {
    const std::string_view digits = name.substr(name.rfind('.') + 1);
    pid_t process = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, process);
    if (error != std::errc() || stopped != end || process <= 0) return false;
    return ::kill(process, 0) != 0 && errno == ESRCH;
  }

  // Readers that have the old one open can continue to use it.
  void put_in_place(const base::Path& work, const base::Path& directory) {
    const base::Path old = past_indexes_directory(location_) / fmt::format(".old.{}", ::getpid());
    remove_tree(old);
    std::error_code error;
    std::filesystem::rename(directory, old, error);  // if there is one
    error.clear();
    std::filesystem::rename(work, directory, error);
    remove_tree(old);
    if (!error) return;
    base::fail(ErrorCode::kIo, "make the index {}: {}: try again", directory.string(),
               error.message());
  }

  PastReindexReport fill(const Location& past, const WantedCommit& wanted, bool with_search) {
    Index index = Index::open(index_file(past), context_.store, IndexUse::kPast);
    Index::Update update(index);
    const RebuiltPast rebuilt = rebuild_past_index(past, files_, context_, index, wanted);
    // Which of several commits with one number counts depends on what was known then.
    if (index.highest_commit().id != rebuilt.commit.id) {
      base::fail(
          ErrorCode::kNotFound,
          "open store {} as of {}: commit {} did not count then, because another host made a "
          "different one with this number: choose an earlier or a later one",
          display_name(location_), wanted.text, rebuilt.commit.number);
    }
    index.set_past(write_note({rebuilt.commit, rebuilt.loss}));
    update.commit();
    if (with_search) {
      SearchIndex search = SearchIndex::open(search_index_file(past), context_.store);
      fill_search_index(past, files_, context_, index, search);
    }
    const Index::Totals totals = index.totals();
    PastReindexReport report;
    report.opened.commit = rebuilt.commit;
    report.opened.damage = rebuilt.loss.damage;
    report.packs = totals.packs;
    report.messages = totals.messages;
    return report;
  }

  // Whether all its packs are there, those that were missing are still missing, and what was the
  // newest commit still is.
  bool is_current(const PastNote& note, Index& index) {
    const std::shared_ptr<Storage> storage = storage_of(location_, files_);
    if (!note.commit.next && has_later(*storage, note.commit.number)) return false;
    if (!listed_) {
      listed_.emplace();
      for (const std::string& key : storage->list(kPacksArea)) {
        if (const std::optional<PackName> pack = pack_name(key)) listed_->insert(*pack);
      }
    }
    const auto is_there = [&](const PackName& pack) { return listed_->contains(pack); };
    if (std::ranges::any_of(note.loss.missing, is_there)) return false;
    return std::ranges::all_of(index.packs(), [&](const PackName& pack) {
      return is_there(pack) || storage->size(blob_of(pack)).has_value();
    });
  }

  // A commit whose pack is gone does not count.
  bool has_later(Storage& storage, std::uint64_t number) const {
    const std::vector<CommitRecord> later = CommitLog(storage, context_).after(number);
    return std::ranges::any_of(later, [&](const CommitRecord& record) {
      return storage.size(blob_of(record.pack)).has_value();
    });
  }

  const Location& location_;
  base::FileSystem& files_;
  BlockContext context_;
  std::optional<std::set<PackName>> listed_;
};

}  // namespace

OpenedPast open_past(const Location& location, base::FileSystem& files,
                     const WantedCommit& wanted) {
  PastIndexes indexes(location, files);
  if (std::optional<OpenedPast> found = indexes.find(wanted)) return *std::move(found);
  return indexes.make(wanted, /*with_search=*/false).opened;
}

std::string past_text(const PastCommit& commit) {
  std::string text = fmt::format("As of commit {} of {} ({}).\n", commit.number,
                                 base::shown_time(commit.time), base::shown_id(commit.id.hex()));
  if (commit.next) {
    text += fmt::format("The next one is {} of {}; it dropped {}.\n", commit.next->number,
                        base::shown_time(commit.next->time),
                        base::format_count(commit.next->dropped, "snapshot"));
  } else {
    text += "It is the newest one.\n";
  }
  if (commit.is_time_doubted) text += "A clock was wrong: an earlier commit has a later time.\n";
  return text;
}

ordered_json past_json(const OpenedPast& past) {
  const PastCommit& commit = past.commit;
  ordered_json next;
  if (commit.next) {
    next = {{"number", commit.next->number},
            {"id", commit.next->id.hex()},
            {"time", base::format_rfc3339(commit.next->time)},
            {"dropped", commit.next->dropped}};
  }
  return {{"number", commit.number},
          {"id", commit.id.hex()},
          {"time", base::format_rfc3339(commit.time)},
          {"time_doubted", commit.is_time_doubted},
          {"next", next},
          {"whole", past.damage.empty()}};
}

std::string past_warning(const OpenedPast& past) {
  return fmt::format(
      "the store no longer has all of commit {}: {}{}: mailstow-backupd check --as-of {} lists the "
      "messages that are lost",
      past.commit.number, past.damage.front(),
      past.damage.size() > 1 ? fmt::format(" (and {} more)", past.damage.size() - 1) : "",
      past.commit.number);
}

PastReindexReport reindex_past(const Location& location, base::FileSystem& files,
                               const WantedCommit& wanted) {
  return PastIndexes(location, files).make(wanted, /*with_search=*/true);
}

void remove_past_indexes(const Location& location) {
  std::error_code error;
  std::filesystem::remove_all(past_indexes_directory(location), error);
  if (!error) return;
  base::log_warning("remove {}: {}", past_indexes_directory(location).string(), error.message());
}

void remove_past_search_indexes(const Location& location) {
  for (const base::Path& directory : entries_of(past_indexes_directory(location))) {
    const std::string name = search_index_file(past_location(location, directory)).filename();
    for (const base::Path& file : entries_of(directory)) {
      if (!file.filename().string().starts_with(name)) continue;  // its log has a longer name
      std::error_code error;
      std::filesystem::remove(file, error);
      if (error) base::log_warning("remove {}: {}", file.string(), error.message());
    }
  }
}

}  // namespace store
