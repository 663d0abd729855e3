#include "restore/plan.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/ascii.h"
#include "base/config/tree_name.h"
#include "base/error.h"
#include "base/time_text.h"
#include "imap/folder_name.h"
#include "restore/target_name.h"

namespace restore {

namespace {

// Measured on two cores shared with a server that syncs (docs/benchmarks.md); a remote server
// differs.
constexpr std::uint64_t kMessagesASecond = 1'000;
constexpr std::uint64_t kBytesASecond = 20'000'000;

// "a", "a/b", "a/b/c" for "a/b/c". A name that begins with "%/" is outside the personal namespace;
// these two characters are not a level.
std::vector<std::string> with_parents(const std::string& shown) {
  std::vector<std::string> names;
  for (auto slash = shown.find('/', shown.starts_with("%/") ? 2 : 0); slash != std::string::npos;
       slash = shown.find('/', slash + 1)) {
    names.push_back(shown.substr(0, slash));
  }
  names.push_back(shown);
  return names;
}

class Planner {
 public:
  Planner(const std::string& tree, const TargetNames& names)
      : names_(names), namer_(tree, names.delimiter, names.personal_prefix) {
    plan_.tree = tree;
    plan_.delimiter = names.delimiter;
    if (tree.empty()) return;
    plan_.tree_raw_name = raw(tree);
    add_levels(tree);
  }

  void add(SelectedFolder folder) {
    const TargetNamer::Named target = namer_.name(folder.name);
    PlannedFolder planned;
    planned.source = std::move(folder.name);
    planned.target = target.shown;
    planned.target_raw_name = raw(target.shown);
    planned.renamed = target.why;
    planned.holds_messages =
        folder.folder.info.completeness != store::FolderCompleteness::kContainer;
    add_levels(planned.target);
    planned.messages = std::move(folder.messages);
    leave_out_refused(planned);
    for (const store::MessageEntry& entry : planned.messages) {
      planned.bytes += entry.size;
      count_flags(entry);
      if (!entry.internal_date) ++plan_.counts.undated;
    }
    plan_.counts.messages += planned.messages.size();
    plan_.counts.bytes += planned.bytes;
    plan_.folders.push_back(std::move(planned));
  }

  Plan finish() {
    plan_.counts.estimated = std::chrono::seconds(1 + plan_.counts.messages / kMessagesASecond +
                                                  plan_.counts.bytes / kBytesASecond);
    return std::move(plan_);
  }

 private:
  std::string raw(const std::string& shown) const {
    // However the source spelt it, the server lists it under one name.
    if (base::equal_ignoring_case(shown, imap::kInbox)) return std::string(imap::kInbox);
    return imap::raw_folder_name(shown, names_.delimiter, names_.personal_prefix);
  }

  // Whether the name is part of a namespace's prefix, and so not a folder.
  bool is_within_prefix(const std::string& raw_name) const {
    return std::any_of(
        names_.other_prefixes.begin(), names_.other_prefixes.end(),
        [&](const std::string& prefix) { return prefix.starts_with(raw_name + names_.delimiter); });
  }

  void add_levels(const std::string& shown) {
    for (const std::string& level : with_parents(shown)) {
      std::string raw_name = raw(level);
      if (is_within_prefix(raw_name)) continue;
      if (known_.insert(level).second) plan_.levels.push_back(std::move(raw_name));
    }
  }

  void leave_out_refused(PlannedFolder& folder) const {
    if (!names_.append_limit) return;
    for (const store::MessageEntry& entry : folder.messages) {
      if (entry.size <= *names_.append_limit) continue;
      folder.left_out.push_back(
          {entry.uid, fmt::format("it has {} bytes, and the server accepts {} at most "
                                  "(APPENDLIMIT): export it",
                                  entry.size, *names_.append_limit)});
    }
    std::erase_if(folder.messages,
                  [&](const auto& entry) { return entry.size > *names_.append_limit; });
  }

  void count_flags(const store::MessageEntry& entry) {
    bool loses_keyword = false;
    bool has_keyword = false;
    for (const std::string& flag : entry.flags) {
      if (flag == "\\Deleted") {
        ++plan_.counts.deleted;
      } else if (names_.inbox && !names_.inbox->keeps(flag)) {
        loses_keyword = true;
      }
      has_keyword = has_keyword || !flag.starts_with('\\');
    }
    if (loses_keyword) ++plan_.counts.keywords_lost;
    if (has_keyword && !names_.inbox) ++plan_.counts.keywords_unsure;
  }

  const TargetNames& names_;
  TargetNamer namer_;
  std::set<std::string> known_;
  Plan plan_;
};

}  // namespace

std::string tree_name(const std::string& tree_template, std::chrono::sys_seconds time,
                      const std::string& time_zone, const std::string& user, char delimiter) {
  constexpr std::string_view kTimestamp = "{timestamp}";
  std::string name = base::tree_template_for(tree_template, user, delimiter);
  const std::string timestamp = base::format_timestamp(time, time_zone);
  for (std::size_t at = name.find(kTimestamp); at != std::string::npos;
       at = name.find(kTimestamp, at + timestamp.size())) {
    name.replace(at, kTimestamp.size(), timestamp);
  }
  return name;
}

std::string last_resort_name(const Plan& plan, const PlannedFolder& folder) {
  const std::string name = TargetNamer::last_resort(folder.source);
  return plan.tree.empty() ? name : plan.tree + "/" + name;
}

std::vector<std::string> rename_refused(
    Plan& plan, const TargetNames& names,
    const std::function<bool(const std::string& raw_name)>& is_refused) {
  std::vector<std::string> levels;
  for (PlannedFolder& folder : plan.folders) {
    if (!folder.holds_messages || !is_refused(folder.target_raw_name)) continue;
    std::string target = last_resort_name(plan, folder);
    const auto raw = [&] {
      return imap::raw_folder_name(target, names.delimiter, names.personal_prefix);
    };
    while (std::ranges::find(plan.levels, raw()) != plan.levels.end()) target += '-';
    folder.target_raw_name = raw();
    folder.target = std::move(target);
    folder.renamed = "the server refuses its name";
    plan.levels.push_back(folder.target_raw_name);
    levels.push_back(folder.target_raw_name);
  }
  return levels;
}

void keep_renamed(Plan& plan, const TargetNames& names,
                  const std::function<bool(const std::string& raw_name)>& is_there) {
  for (PlannedFolder& folder : plan.folders) {
    if (!folder.holds_messages || is_there(folder.target_raw_name)) continue;
    std::string target = last_resort_name(plan, folder);
    std::string raw_name = imap::raw_folder_name(target, names.delimiter, names.personal_prefix);
    if (!is_there(raw_name)) continue;
    const std::string below = folder.target_raw_name + names.delimiter;
    const bool is_parent = std::ranges::any_of(
        plan.levels, [&](const std::string& level) { return level.starts_with(below); });
    if (!is_parent) std::erase(plan.levels, folder.target_raw_name);
    plan.levels.push_back(raw_name);
    folder.target_raw_name = std::move(raw_name);
    folder.target = std::move(target);
    folder.renamed = "the server refused its name when this restore began";
  }
}

std::string probe_folder(const Plan& plan) {
  std::string name = plan.tree_raw_name + plan.delimiter + "mailstow-probe";
  while (std::find(plan.levels.begin(), plan.levels.end(), name) != plan.levels.end()) name += '-';
  return name;
}

Plan make_plan(Selection selection, const std::string& tree, const TargetNames& names) {
  if (names.delimiter == 0 && !tree.empty()) {
    base::fail(base::ErrorCode::kRefused,
               "plan {}: the server does not support folders within folders: a tree can't be "
               "created",
               tree);
  }
  Planner planner(tree, names);
  for (SelectedFolder& folder : selection.folders) planner.add(std::move(folder));
  return planner.finish();
}

}  // namespace restore
