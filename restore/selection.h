// What to restore: the snapshot, and which of its messages.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/program/program.h"
#include "store/reader.h"

namespace restore {

// As given on the command line; empty means not given.
struct SelectionOptions {
  std::string at;                     // as choose_snapshot() has it
  std::vector<std::string> folders;   // globs over shown names; none means all
  bool subfolders = false;            // of what the globs match, too
  std::vector<std::string> messages;  // ids, or how they begin
  std::string since;                  // by INTERNALDATE, inclusive; as parse_moment() has it
  std::string before;                 // exclusive
  std::string query;                  // as store/search_index/query.h has it
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

// A folder's name as people have it.
std::string shown_name(const store::SnapshotInfo& snapshot, const store::FolderInfo& folder);

// Folders that hold none of the chosen messages are left out, unless whole folders were chosen.
// Fails with kNotFound if nothing is chosen, kUsage for a time or an id that is none.
Selection select(const base::Environment& environment, store::Reader& reader,
                 const std::string& account, const SelectionOptions& options);

}  // namespace restore
