// What a restore will do, as a value: computed first, printed by --dry-run, carried out by run.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "restore/selection.h"

namespace restore {

struct PlannedFolder {
  std::string source;  // shown name in the snapshot
  std::string target;  // shown name in the account
  std::string target_raw_name;
  bool holds_messages = true;  // false: only a level above others
  std::vector<store::MessageEntry> messages;
};

struct Plan {
  std::string tree;  // shown name of the tree's top
  std::string tree_raw_name;
  char delimiter = 0;
  // Raw names to create, the tree's top and what is above it included; parents before children.
  std::vector<std::string> levels;
  std::vector<PlannedFolder> folders;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
};

// How the account on the server spells names.
struct TargetNames {
  char delimiter = 0;  // 0: no hierarchy, and so no tree
  std::string personal_prefix;
};

// `tree` is the shown name of a tree that is not there yet. Fails with kRefused if the server has
// no hierarchy.
Plan make_plan(const Selection& selection, const std::string& tree, const TargetNames& names);

// The template's name for a tree made at `time`.
std::string tree_name(const std::string& tree_template, std::chrono::sys_seconds time,
                      const std::string& time_zone);

}  // namespace restore
