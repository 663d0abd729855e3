// The selection of what to restore: a snapshot and some or all of its messages.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/program/program.h"
#include "store/reader.h"

namespace restore {

// As given on the command line or in a selection file; empty means not given.
struct SelectionOptions {
  // The file that --selection names, "-" for stdin: see restore/selection_file.h.
  std::string file = {};
  std::string file_sha256 = {};                 // of that file's bytes, hexadecimal
  std::string at;                               // in the syntax of choose_snapshot()
  std::vector<std::string> folders;             // globs over shown names; empty means all
  std::vector<std::string> exact_folders = {};  // shown names, byte for byte; beside `folders`
  bool subfolders = false;                      // include the subfolders of matching folders
  std::vector<std::string> messages;            // ids, or their first digits
  // By INTERNALDATE, in the syntax of parse_moment(). Messages without a date are chosen too.
  std::string since;         // inclusive
  std::string before;        // exclusive
  std::string query;         // in the syntax of store/search_index/query.h
  bool all = false;          // a selection file selects everything
  bool missing = false;      // restore/fresh_pass.h turns it into missing_from
  std::string missing_from;  // a snapshot's id: only messages that it has in no folder
  // By `at`, before with_fresh_pass() replaced it with the chosen snapshot's id.
  std::vector<store::SnapshotInfo> passed_over = {};
  // Leave out trees of which this store has no record, unless folders in them or messages are
  // named. A glob of wildcards only names nothing.
  bool without_trees = false;
  // The moment that "3 days ago" is relative to; nullopt: now.
  std::optional<std::chrono::sys_seconds> asked = std::nullopt;
  // The times in `query`, by their texts, as they were found when the run was requested; others are
  // read by parse_moment(). The id of a snapshot may stand for none later.
  std::map<std::string, std::chrono::sys_seconds> query_times = {};
};

// Whether the options choose among a snapshot's messages; --at only chooses the snapshot.
bool selects_some(const SelectionOptions& options);

struct SelectedFolder {
  store::FolderRecord folder;
  std::string name;  // shown
  std::vector<store::MessageEntry> messages;
};

struct Selection {
  store::SnapshotInfo snapshot;
  std::vector<store::SnapshotInfo> passed_over = {};  // as in ChosenSnapshot
  std::vector<SelectedFolder> folders;                // in the snapshot's order
  std::set<std::string> left_out_trees = {};          // their shown names
  // Messages that are chosen although `since` or `before` is given and their date is unknown.
  std::uint64_t undated = 0;
};

// The notes about left_out_trees. `done`: "restored" or "exported".
std::vector<std::string> left_out_notes(const Selection& selection, std::string_view done);

// A folder's name as users see it.
std::string shown_name(const store::SnapshotInfo& snapshot, const store::FolderInfo& folder);

// Folders that hold none of the chosen messages are left out, unless whole folders were chosen.
// Fails with kNotFound if nothing is chosen, kUsage for an invalid time or id.
Selection select(const base::Environment& environment, store::Reader& reader,
                 const std::string& account, const SelectionOptions& options);

}  // namespace restore
