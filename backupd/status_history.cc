#include "backupd/status_history.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "backupd/daily_history.h"
#include "backupd/report/failed_backups.h"
#include "base/clock_sighting.h"
#include "base/error.h"
#include "base/id_text.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "imap/folder_name.h"
#include "store/account_suggestion.h"
#include "store/clock_guard.h"
#include "store/clock_state.h"
#include "store/doubted_times.h"
#include "store/format/location.h"
#include "store/reader.h"

namespace backupd {

namespace {

constexpr std::size_t kMaxHistory = 1'000;  // entries, unless --limit says otherwise
constexpr std::size_t kMaxReasons = 50;     // of one snapshot

// Why a snapshot is not complete.
struct HistoryReason {
  std::string folder;  // shown; empty: the account as a whole
  std::string reason;
  std::uint64_t skipped = 0;  // messages; 0: the folder itself
};

struct HistoryEntry {
  // A failed backup has only the account and the time here.
  store::SnapshotInfo snapshot;
  std::chrono::sys_seconds likely_time{};  // by which accounts are merged (store/doubted_times.h)
  store::TimeDoubt doubt = store::TimeDoubt::kNone;  // of its time
  std::optional<store::SnapshotInfo> previous = {};  // the backup before it
  std::vector<HistoryReason> reasons = {};           // at most kMaxReasons
  bool is_failed = false;                            // it left no snapshot
};

HistoryEntry entry_of(FailedBackup&& failure) {
  HistoryEntry entry;
  entry.snapshot.account = std::move(failure.account);
  entry.snapshot.time = failure.time;
  entry.likely_time = failure.time;
  entry.reasons.push_back({.folder = "", .reason = std::move(failure.error)});
  entry.is_failed = true;
  return entry;
}

// Puts each failed backup before the first snapshot that is not newer by its likely time. The
// snapshots keep their order, which is that of making, whatever the times say.
std::vector<HistoryEntry> merged(std::vector<HistoryEntry>&& snapshots,
                                 std::vector<FailedBackup>&& failures) {
  std::ranges::stable_sort(failures, {}, &FailedBackup::time);  // the newest is taken first
  std::vector<HistoryEntry> all;
  all.reserve(snapshots.size() + failures.size());
  for (HistoryEntry& entry : snapshots) {
    while (!failures.empty() && failures.back().time >= entry.likely_time) {
      all.push_back(entry_of(std::move(failures.back())));
      failures.pop_back();
    }
    all.push_back(std::move(entry));
  }
  for (; !failures.empty(); failures.pop_back()) {
    all.push_back(entry_of(std::move(failures.back())));
  }
  return all;
}

std::vector<HistoryEntry> entries_of(store::Reader& reader, const std::string& account,
                                     const store::ClockState& clock) {
  std::vector<HistoryEntry> entries;
  std::optional<store::SnapshotInfo> previous;
  const std::vector<store::SnapshotInfo> snapshots = reader.snapshots(account);
  const std::vector<std::chrono::sys_seconds> likely = store::likely_times(snapshots, clock.now);
  const std::vector<store::TimeDoubt> doubts = store::time_doubts(snapshots, clock);
  for (std::size_t at = 0; at < snapshots.size(); ++at) {
    entries.push_back({.snapshot = snapshots[at],
                       .likely_time = likely[at],
                       .doubt = doubts[at],
                       .previous = previous});
    if (snapshots[at].kind == store::SnapshotKind::kBackup) previous = snapshots[at];
  }
  std::ranges::reverse(entries);
  return entries;
}

std::vector<HistoryEntry> find_entries(const base::Environment& environment, store::Reader& reader,
                                       const std::string& account) {
  auto failures = failed_backups(environment.files, environment.config.store, account);
  const store::ClockState clock =
      store::clock_state(store::location_of(environment.config.store), environment.files,
                         base::see_clock(environment.clock), store::newest_records(&reader, {}),
                         "mailstow-backupd prune");
  if (!account.empty()) {
    auto entries = merged(entries_of(reader, account, clock), std::move(failures));
    if (entries.empty() && !environment.config.has_account(account)) {
      base::fail(base::ErrorCode::kNotFound,
                 "account {}: it is not in the configuration and has no snapshot{}: "
                 "`mailstow-backupd status` lists the accounts",
                 base::escape_for_terminal(account),
                 store::account_suggestion(environment.config, &reader, account));
    }
    return entries;
  }
  std::vector<HistoryEntry> all;
  for (const std::string& name : reader.accounts()) {
    std::ranges::move(entries_of(reader, name, clock), std::back_inserter(all));
  }
  // The likely times of an account follow its order, so that this keeps it.
  std::ranges::stable_sort(all, std::ranges::greater{}, &HistoryEntry::likely_time);
  return merged(std::move(all), std::move(failures));
}

// The messages that were skipped, counted by reason.
std::vector<HistoryReason> skips_in(const std::string& name, const store::FolderInfo& folder) {
  std::map<std::string, std::uint64_t> counts;
  for (const store::SkippedMessage& message : folder.skipped) ++counts[message.reason];
  std::vector<HistoryReason> reasons;
  reasons.reserve(counts.size());
  for (const auto& [reason, count] : counts) {
    reasons.push_back({.folder = name, .reason = reason, .skipped = count});
  }
  return reasons;
}

std::vector<HistoryReason> reasons_in(const std::string& name, const store::FolderInfo& folder) {
  std::vector<HistoryReason> reasons = skips_in(name, folder);
  std::string trouble = folder.trouble;
  if (trouble.empty() && folder.completeness == store::FolderCompleteness::kInProgress) {
    trouble = "not all of it was fetched: the next backup continues";
  }
  if (trouble.empty() && folder.completeness == store::FolderCompleteness::kUnreadable) {
    trouble = "it could not be read";
  }
  if (!trouble.empty()) reasons.push_back({.folder = name, .reason = trouble});
  return reasons;
}

void find_reasons(store::Reader& reader, HistoryEntry& entry) {
  const store::SnapshotInfo& snapshot = entry.snapshot;
  if (entry.is_failed || snapshot.status == store::SnapshotStatus::kComplete) return;
  if (snapshot.status == store::SnapshotStatus::kMoving) {
    entry.reasons.push_back({.folder = "", .reason = "folders kept changing during the backup"});
  }
  for (const store::FolderRecord& folder : reader.folders(snapshot)) {
    const std::string name = imap::shown_folder_name(folder.info.raw_name, folder.info.delimiter,
                                                     snapshot.personal_prefix);
    for (HistoryReason& reason : reasons_in(name, folder.info)) {
      if (entry.reasons.size() == kMaxReasons) return;
      entry.reasons.push_back(std::move(reason));
    }
  }
}

std::int64_t change_since(std::uint64_t now, std::uint64_t before) {
  return static_cast<std::int64_t>(now) - static_cast<std::int64_t>(before);
}

bool is_rescue(const HistoryEntry& entry) {
  return entry.snapshot.kind == store::SnapshotKind::kRescue;
}

nlohmann::ordered_json to_json(const HistoryReason& reason) {
  using nlohmann::ordered_json;
  return {{"folder", reason.folder.empty() ? ordered_json() : ordered_json(reason.folder)},
          {"reason", reason.reason},
          {"skipped", reason.skipped}};
}

nlohmann::ordered_json to_json(const HistoryEntry& entry) {
  const store::SnapshotInfo& snapshot = entry.snapshot;
  auto reasons = nlohmann::ordered_json::array();
  for (const HistoryReason& reason : entry.reasons) reasons.push_back(to_json(reason));
  if (entry.is_failed) {
    return {{"account", snapshot.account},
            {"snapshot", nullptr},
            {"time", base::format_rfc3339(snapshot.time)},
            {"kind", "backup"},
            {"status", "failed"},
            {"reasons", std::move(reasons)}};
  }
  nlohmann::ordered_json document = {{"account", snapshot.account},
                                     {"snapshot", snapshot.id.hex()},
                                     {"time", base::format_rfc3339(snapshot.time)},
                                     {"doubted", store::is_doubted(entry.doubt)},
                                     {"kind", is_rescue(entry) ? "rescue" : "backup"},
                                     {"status", word(snapshot.status)},
                                     {"folders", snapshot.folders},
                                     {"messages", snapshot.messages},
                                     {"bytes", snapshot.bytes},
                                     {"vanished", snapshot.vanished},
                                     {"messages_change", nullptr},
                                     {"bytes_change", nullptr},
                                     {"reasons", std::move(reasons)}};
  if (entry.previous && !is_rescue(entry)) {
    document["messages_change"] = change_since(snapshot.messages, entry.previous->messages);
    document["bytes_change"] = change_since(snapshot.bytes, entry.previous->bytes);
  }
  return document;
}

std::string signed_count(std::int64_t change) {
  if (change == 0) return "0";
  const auto size = static_cast<std::uint64_t>(change < 0 ? -change : change);
  return (change < 0 ? "-" : "+") + base::format_count(size);
}

std::string signed_size(std::int64_t change) {
  if (change == 0) return "0";
  const auto size = static_cast<std::uint64_t>(change < 0 ? -change : change);
  return (change < 0 ? "-" : "+") + base::format_size(size);
}

std::string reasons_text(const std::vector<HistoryReason>& reasons) {
  if (reasons.empty()) return "";
  const HistoryReason& first = reasons.front();
  std::string text = first.folder.empty() ? "" : first.folder + ": ";
  if (first.skipped > 0) text += base::format_count(first.skipped, "message") + " skipped: ";
  text += first.reason;
  if (reasons.size() > 1) {
    text += fmt::format("; and {}", base::format_count(reasons.size() - 1, "more reason"));
  }
  return text;
}

std::string note_of(const HistoryEntry& entry) {
  const std::string mark(store::mark_of(entry.doubt));
  const std::string reasons = reasons_text(entry.reasons);
  return mark.empty() || reasons.empty() ? mark + reasons : mark + "; " + reasons;
}

std::vector<std::string> row_of(const HistoryEntry& entry) {
  const store::SnapshotInfo& snapshot = entry.snapshot;
  if (entry.is_failed) {
    return {base::shown_time(snapshot.time),
            snapshot.account,
            "backup",
            "failed",
            "",
            "",
            "",
            "",
            "",
            "",
            reasons_text(entry.reasons)};
  }
  const bool has_change = entry.previous && !is_rescue(entry);
  return {base::shown_time(snapshot.time),
          snapshot.account,
          is_rescue(entry) ? "rescue" : "backup",
          std::string(word(snapshot.status)),
          base::format_count(snapshot.messages),
          has_change ? signed_count(change_since(snapshot.messages, entry.previous->messages)) : "",
          base::format_count(snapshot.vanished),
          base::format_size(snapshot.bytes),
          has_change ? signed_size(change_since(snapshot.bytes, entry.previous->bytes)) : "",
          base::shown_id(snapshot.id.hex()),
          note_of(entry)};
}

std::string to_text(const std::vector<HistoryEntry>& entries, const base::Page& page) {
  if (entries.empty()) return base::text_without_rows(page, "There are no backups yet.\n");
  std::vector<std::vector<std::string>> rows;
  rows.reserve(entries.size());
  for (const HistoryEntry& entry : entries) rows.push_back(row_of(entry));
  return base::format_table({{"TIME"},
                             {"ACCOUNT", base::Align::kLeft, base::Width::kCut},
                             {"KIND"},
                             {"STATUS"},
                             {"MESSAGES", base::Align::kRight},
                             {"CHANGE", base::Align::kRight},
                             {"VANISHED", base::Align::kRight},
                             {"SIZE", base::Align::kRight},
                             {"CHANGE", base::Align::kRight},
                             {"ID"},
                             {"", base::Align::kLeft, base::Width::kCut}},
                            rows, base::output_room());
}

// Names an entry as long as it is kept.
std::string cursor_of_entry(const HistoryEntry& entry) {
  if (!entry.is_failed) return entry.snapshot.id.hex();
  return fmt::format("failed.{}.{}", entry.snapshot.time.time_since_epoch().count(),
                     entry.snapshot.account);
}

AccountBackup backup_of(const HistoryEntry& entry) {
  const store::SnapshotInfo& snapshot = entry.snapshot;
  const bool is_complete = snapshot.status == store::SnapshotStatus::kComplete;
  return {.account = snapshot.account,
          .time = entry.likely_time,
          .outcome = entry.is_failed ? BackupOutcome::kFailed
                     : is_complete   ? BackupOutcome::kComplete
                                     : BackupOutcome::kIncomplete,
          .messages = snapshot.messages,
          .bytes = snapshot.bytes,
          .vanished = snapshot.vanished};
}

}  // namespace

base::ExitStatus show_history(const base::Environment& environment, const std::string& account,
                              const base::Page& page) {
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  std::vector<HistoryEntry> entries = find_entries(environment, reader, account);
  base::Page shown = page;
  if (shown.limit == 0) shown.limit = kMaxHistory;
  const auto next = base::cut_to_page(entries, shown, cursor_of_entry);
  bool is_damaged = false;
  auto documents = nlohmann::ordered_json::array();
  for (HistoryEntry& entry : entries) {
    try {
      find_reasons(reader, entry);
    } catch (const base::Error& error) {
      // A prune may have dropped it in the meantime.
      if (!base::is_unreadable(error.code())) throw;
      base::log_error("{}", error.what());
      is_damaged = is_damaged || error.code() == base::ErrorCode::kDamaged;
    }
    documents.push_back(to_json(entry));
  }
  const nlohmann::ordered_json document = {
      {"account", account.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(account)},
      {"history", std::move(documents)},
      {"next", base::next_in_json(next)}};
  base::print_result(environment.format, base::json_text(document),
                     to_text(entries, page) + base::next_page_text(next));
  return is_damaged ? base::ExitStatus::kDamaged : base::ExitStatus::kDone;
}

base::ExitStatus show_history_by_day(const base::Environment& environment,
                                     const std::string& account, const base::Page& page) {
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  std::vector<AccountBackup> backups;
  for (const HistoryEntry& entry : find_entries(environment, reader, account)) {
    if (!is_rescue(entry)) backups.push_back(backup_of(entry));
  }
  std::ranges::reverse(backups);  // into the order of making
  return print_days(environment, account, days_of(std::move(backups)), page);
}

}  // namespace backupd
