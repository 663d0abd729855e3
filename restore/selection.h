// What to restore: the snapshot, and which of its messages.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/program.h"
#include "store/reader.h"

namespace restore {

// As given on the command line; empty means not given.
struct SelectionOptions {
  std::string at;                     // as choose_snapshot() has it
  std::vector<std::string> folders;   // globs over shown names; none means all
  bool subfolders = false;            // of what the globs match, too
  std::vector<std::string> messages;  // ids, or how they begin
  std::string since;                  // by INTERNALDATE, inclusive
  std::string before;                 // exclusive
  std::string query;                  // as store/query.h has it
  bool missing = false;               // restore/fresh_pass.h makes missing_from of it
  std::string missing_from;           // a snapshot's id: only what that has in no folder
  // What "3 days ago" is counted from; nothing: this moment.
  std::optional<std::chrono::sys_seconds> asked = std::nullopt;
};

struct SelectedFolder {
  store::FolderRecord folder;
  std::string name;  // shown
  std::vector<store::MessageEntry> messages;
};

struct Selection {
  store::SnapshotInfo snapshot;
  std::vector<SelectedFolder> folders;  // in the snapshot's order
};

// A time of the command line, as base/time_text.h has it, counted from `asked` or from this moment;
// nothing if `text` is empty. Fails with kUsage.
std::optional<std::chrono::sys_seconds> optional_time(
    const std::string& text, const base::Surroundings& surroundings,
    std::optional<std::chrono::sys_seconds> asked = std::nullopt);

// The account's snapshot whose id begins with these digits (eight or more), if it is one alone.
// Fails with kUsage if several do, kNotFound for a whole id that is none.
std::optional<store::SnapshotInfo> find_by_id(store::Reader& reader, const std::string& account,
                                              const std::string& digits);

// `at` is a time, and the newest backup not after it is chosen; or the id of a snapshot, or the
// first eight or more digits of one; or empty for the newest. Fails with kNotFound and what there
// is if the account has no such snapshot, kUsage if `at` is neither.
store::SnapshotInfo choose_snapshot(const base::Surroundings& surroundings, store::Reader& reader,
                                    const std::string& account, const std::string& at);

// A folder's name as people have it.
std::string shown_name(const store::SnapshotInfo& snapshot, const store::FolderInfo& folder);

// Folders that hold none of the chosen messages are left out, unless whole folders were chosen.
// Fails with kNotFound if nothing is chosen, kUsage for a time or an id that is none.
Selection select(const base::Surroundings& surroundings, store::Reader& reader,
                 const std::string& account, const SelectionOptions& options);

}  // namespace restore
