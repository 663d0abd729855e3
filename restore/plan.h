// The plan of a restore, as a value: computed first, printed by --dry-run, carried out by run.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "imap/folder.h"
#include "restore/plan_summary.h"
#include "restore/restore_report.h"
#include "restore/selection.h"

namespace restore {

struct PlannedFolder {
  std::string source;  // shown name in the snapshot
  std::string target;  // shown name in the account
  std::string target_raw_name;
  std::string renamed;         // why the target's name differs from the source's; empty: same name
  bool holds_messages = true;  // false: only a level above others
  std::vector<store::MessageEntry> messages;
  std::vector<RefusedMessage> left_out;  // messages that the server would refuse
  std::uint64_t bytes = 0;               // of `messages`
};

struct Plan {
  std::string tree;  // shown name of the tree's top; empty: in place
  std::string tree_raw_name;
  char delimiter = 0;
  // Raw names to create, including the tree's top and the levels above it; parents before children.
  std::vector<std::string> levels;
  std::vector<PlannedFolder> folders;
  PlanCounts counts;
};

// How the account's server spells names, and what it accepts.
struct TargetNames {
  char delimiter = 0;  // 0: no hierarchy, and so no tree
  std::string personal_prefix;
  std::vector<std::string> other_prefixes = {};    // of shared and other users' namespaces
  std::optional<std::uint64_t> append_limit = {};  // bytes of a message
  std::optional<imap::OpenFolder> inbox =
      std::nullopt;  // for the flags that it keeps; nullopt: not reported
};

// `tree` is the shown name of a tree that does not exist yet; empty: in place, under the names that
// the folders had. Fails with kRefused if a hierarchy is needed and the server has none.
Plan make_plan(Selection selection, const std::string& tree, const TargetNames& names);

// The shown name for a folder whose name the server refuses: directly below the tree's top, or
// beside the account's other folders.
std::string last_resort_name(const Plan& plan, const PlannedFolder& folder);

// Gives each folder with messages whose name the server refused its last_resort_name(). Returns the
// raw names to create; the plan's levels include them.
std::vector<std::string> rename_refused(
    Plan& plan, const TargetNames& names,
    const std::function<bool(const std::string& raw_name)>& is_refused);

// The same for folders that an earlier run renamed, because the server refused their names: if it
// accepts these names now, their mail would be there twice. `is_there`: whether the earlier run
// created the folder.
void keep_renamed(Plan& plan, const TargetNames& names,
                  const std::function<bool(const std::string& raw_name)>& is_there);

// The raw name of a folder for a quota probe, below the tree's top, that the plan does not use.
std::string probe_folder(const Plan& plan);

// The template's name for a tree made at `time`, with '/' between levels: if the server separates
// levels with another character, the template may too. `user` is the name on the server:
// {localpart} is its part before an @.
std::string tree_name(const std::string& tree_template, std::chrono::sys_seconds time,
                      const std::string& time_zone, const std::string& user, char delimiter);

}  // namespace restore
