#include "restore/plan.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/time_text.h"
#include "imap/folder_name.h"

namespace restore {

namespace {

// "a", "a/b", "a/b/c" for "a/b/c".
std::vector<std::string> with_parents(const std::string& shown) {
  std::vector<std::string> names;
  for (auto slash = shown.find('/'); slash != std::string::npos;
       slash = shown.find('/', slash + 1)) {
    names.push_back(shown.substr(0, slash));
  }
  names.push_back(shown);
  return names;
}

}  // namespace

std::string tree_name(const std::string& tree_template, std::chrono::sys_seconds time,
                      const std::string& time_zone) {
  static constexpr std::string_view kPlaceholder = "{timestamp}";
  std::string name = tree_template;
  name.replace(name.find(kPlaceholder), kPlaceholder.size(),
               base::format_timestamp(time, time_zone));
  return name;
}

Plan make_plan(const Selection& selection, const std::string& tree, const TargetNames& names) {
  if (names.delimiter == 0) {
    base::fail(base::ErrorCode::kRefused,
               "plan {}: the server has no folders within folders: a tree cannot be made", tree);
  }
  const auto raw = [&](const std::string& shown) {
    return imap::raw_folder_name(shown, names.delimiter, names.personal_prefix);
  };
  Plan plan;
  plan.tree = tree;
  plan.tree_raw_name = raw(tree);
  plan.delimiter = names.delimiter;
  std::set<std::string> known;
  const auto add_levels = [&](const std::string& shown) {
    for (const std::string& level : with_parents(shown)) {
      if (known.insert(level).second) plan.levels.push_back(raw(level));
    }
  };
  add_levels(tree);
  for (const SelectedFolder& folder : selection.folders) {
    PlannedFolder planned;
    planned.source = folder.name;
    planned.target = tree + "/" + folder.name;
    planned.target_raw_name = raw(planned.target);
    planned.holds_messages =
        folder.folder.info.completeness != store::FolderCompleteness::kContainer;
    planned.messages = folder.messages;
    add_levels(planned.target);
    plan.messages += planned.messages.size();
    for (const store::MessageEntry& entry : planned.messages) plan.bytes += entry.size;
    plan.folders.push_back(std::move(planned));
  }
  return plan;
}

}  // namespace restore
