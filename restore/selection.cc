#include "restore/selection.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/core.h>

#include "base/error.h"
#include "base/glob.h"
#include "base/id_text.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/shell_quote.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "imap/folder_name.h"
#include "restore/absent_message.h"
#include "restore/earlier_folder.h"
#include "restore/foreign_tree.h"
#include "restore/moment.h"
#include "store/history.h"
#include "store/search.h"
#include "store/search_index/query.h"

namespace restore {

namespace {

using std::chrono::sys_seconds;

using Place = std::pair<std::string, base::Uid>;  // a folder's raw name, and a message in it

// The snapshot's messages that match a query.
std::set<Place> find_places(const base::Environment& environment, store::Reader& reader,
                            const store::SnapshotInfo& snapshot, const SelectionOptions& options) {
  store::SearchScope scope;
  scope.account = snapshot.account;
  scope.snapshot = snapshot;
  scope.most = snapshot.messages;
  // Folders are distinguished by their raw names; two of them may be shown alike.
  std::map<std::string, std::vector<std::string>> raw_names;
  for (const store::FolderRecord& folder : reader.folders(snapshot)) {
    raw_names[shown_name(snapshot, folder.info)].push_back(folder.info.raw_name);
  }
  scope.shown_name = shown_name;
  const auto result =
      store::search(reader,
                    store::Query::parse(options.query,
                                        [&](const std::string& text) {
                                          const auto found = options.query_times.find(text);
                                          if (found != options.query_times.end()) {
                                            return found->second;
                                          }
                                          return parse_moment(environment, reader, snapshot.account,
                                                              text, options.asked);
                                        }),
                    scope);
  for (const std::string& line : result.damage) base::log_error("{}", line);
  std::set<Place> places;
  for (const store::FoundMessage& found : result.messages) {
    for (const std::string& raw_name : raw_names[found.folder]) {
      places.emplace(raw_name, found.entry.uid);
    }
  }
  return places;
}

// Messages given by their ids or the first digits of these, as tables show them.
class MessageIds {
 public:
  explicit MessageIds(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      if (!base::begins_an_id(text)) {
        base::fail(base::ErrorCode::kUsage,
                   "--message {}: not a message's id: `mailstow-restore messages` lists the ids",
                   base::escape_for_terminal(text));
      }
      texts_.insert(text);
      lengths_.insert(text.size());
    }
    not_found_ = texts_;
  }

  bool empty() const { return texts_.empty(); }

  bool contains(const store::MessageId& id) const {
    if (texts_.empty()) return false;
    const std::string digits = id.object.hex();
    return std::ranges::any_of(
        lengths_, [&](std::size_t length) { return texts_.contains(digits.substr(0, length)); });
  }

  // Notes that the folders have the message.
  void note_found(const store::MessageId& id) {
    if (not_found_.empty()) return;
    const std::string digits = id.object.hex();
    for (const std::size_t length : lengths_) not_found_.erase(digits.substr(0, length));
  }
  // One of the ids that no message noted so far has; empty: all were found.
  std::string not_found() const { return not_found_.empty() ? "" : *not_found_.begin(); }

 private:
  // A selection may have as many ids as the account has messages: each is looked up, in as many
  // steps as there are different lengths.
  std::set<std::string> texts_;
  std::set<std::size_t> lengths_;
  std::set<std::string> not_found_;
};

// The folders that exact names, --folder and --subfolders choose among those of a snapshot. A glob
// that matches no name as it is written is compared without regard to case, and then to accents; an
// exact name never is.
class ChosenFolders {
 public:
  // Reports a misspelt name before it is too late: fails with kNotFound if a glob or an exact name
  // matches none.
  ChosenFolders(const SelectionOptions& options, const std::vector<std::string>& names,
                store::Reader& reader, const store::SnapshotInfo& snapshot, const std::string& zone)
      : subfolders_(options.subfolders),
        exact_(options.exact_folders.begin(), options.exact_folders.end()) {
    const std::set<std::string> known(names.begin(), names.end());
    for (const std::string& name : options.exact_folders) {
      if (known.contains(name)) continue;
      const std::string earlier = earlier_folder_hint(
          reader, snapshot, zone, [&](const std::string& other) { return other == name; });
      base::fail(base::ErrorCode::kNotFound,
                 "folder {}: the snapshot of {} has no folder of exactly this name{}: "
                 "`mailstow-restore folders --json` has the names",
                 base::escape_for_terminal(name), base::format_zoned(snapshot.time, zone), earlier);
    }
    for (const std::string& glob : options.folders) {
      if (add(glob, names)) continue;
      const std::string earlier = earlier_folder_hint(
          reader, snapshot, zone,
          [&](const std::string& name) { return matches(glob, name, base::Likeness::kLetters); });
      base::fail(base::ErrorCode::kNotFound,
                 "--folder {}: the snapshot of {} has no such folder{}: `mailstow-restore folders` "
                 "lists those it has",
                 base::escape_for_terminal(glob), base::format_zoned(snapshot.time, zone),
                 earlier.empty() ? base::suggestion(glob, names) : earlier);
    }
  }

  // Whether more than wildcards chooses this folder.
  bool is_named(const std::string& name) const {
    return is_exact(name) || std::ranges::any_of(globs_, [&](const Glob& glob) {
             return glob.text.find_first_not_of("*?/") != std::string::npos &&
                    matches(glob.text, name, glob.likeness);
           });
  }

  bool contain(const std::string& name) const {
    if (globs_.empty() && exact_.empty()) return true;
    return is_exact(name) || std::ranges::any_of(globs_, [&](const Glob& glob) {
             return matches(glob.text, name, glob.likeness);
           });
  }

 private:
  struct Glob {
    std::string text;
    base::Likeness likeness;
  };

  // Whether an exact name is this one or, with subfolders, that of a folder above it.
  bool is_exact(const std::string& name) const {
    if (exact_.contains(name)) return true;
    if (!subfolders_ || exact_.empty()) return false;
    for (auto slash = name.rfind('/'); slash != std::string::npos && slash > 0;
         slash = name.rfind('/', slash - 1)) {
      if (exact_.contains(name.substr(0, slash))) return true;
    }
    return false;
  }

  bool matches(const std::string& glob, const std::string& name, base::Likeness likeness) const {
    return base::folder_glob_matches(glob, name, likeness) ||
           (subfolders_ && base::folder_glob_matches(glob + "/*", name, likeness));
  }

  // Returns false if no name matches.
  bool add(const std::string& glob, const std::vector<std::string>& names) {
    const auto likeness = base::strictest_likeness(
        names,
        [&](const std::string& name, base::Likeness how) { return matches(glob, name, how); });
    if (likeness) globs_.push_back({glob, *likeness});
    return likeness.has_value();
  }

  bool subfolders_;
  std::set<std::string> exact_;
  std::vector<Glob> globs_;
};

// A date that is unknown may lie anywhere: what the user misses must not be left out.
bool is_between(const store::MessageEntry& entry, const std::optional<sys_seconds>& since,
                const std::optional<sys_seconds>& before) {
  if (!entry.internal_date) return true;
  const sys_seconds date = entry.internal_date->instant;
  return (!since || date >= *since) && (!before || date < *before);
}

std::uint64_t count_undated(const std::vector<SelectedFolder>& folders) {
  std::uint64_t undated = 0;
  for (const SelectedFolder& folder : folders) {
    undated += static_cast<std::uint64_t>(std::ranges::count_if(
        folder.messages, [](const store::MessageEntry& entry) { return !entry.internal_date; }));
  }
  return undated;
}

// Removes messages that the snapshot `from` has in any folder. Returns how many are left.
std::uint64_t keep_missing(store::Reader& reader, const store::SnapshotInfo& from,
                           std::vector<SelectedFolder>& folders) {
  std::set<store::MessageId> ids;
  for (const SelectedFolder& folder : folders) {
    for (const store::MessageEntry& entry : folder.messages) ids.insert(entry.message);
  }
  const std::set<store::MessageId> held = store::held_anywhere(reader, from, ids);
  std::uint64_t left = 0;
  for (SelectedFolder& folder : folders) {
    std::erase_if(folder.messages, [&](const auto& entry) { return held.contains(entry.message); });
    left += folder.messages.size();
  }
  std::erase_if(folders, [](const SelectedFolder& folder) { return folder.messages.empty(); });
  return left;
}

// Some folders are chosen only for the folders below them.
void hint_at_subfolders(const SelectionOptions& options, const Selection& selection,
                        const std::vector<std::string>& names) {
  if (options.subfolders || (options.folders.empty() && options.exact_folders.empty())) return;
  std::set<std::string> chosen;
  for (const SelectedFolder& folder : selection.folders) chosen.insert(folder.name);
  for (const SelectedFolder& folder : selection.folders) {
    if (folder.folder.receipt.messages > 0) continue;
    const bool has_others = std::ranges::any_of(names, [&](const std::string& name) {
      return name.starts_with(folder.name + "/") && !chosen.contains(name);
    });
    if (!has_others) continue;
    base::log_warning(
        "{}: it holds no messages, only folders: add --subfolders to choose these too",
        base::escape_for_terminal(folder.name));
  }
}

}  // namespace

bool selects_some(const SelectionOptions& options) {
  return !options.folders.empty() || !options.exact_folders.empty() || !options.messages.empty() ||
         !options.since.empty() || !options.before.empty() || !options.query.empty() ||
         options.missing;
}

std::vector<std::string> left_out_notes(const Selection& selection, std::string_view done) {
  std::vector<std::string> notes;
  notes.reserve(selection.left_out_trees.size());
  for (const std::string& tree : selection.left_out_trees) {
    notes.push_back(
        fmt::format("not {}: {}: it is a restored tree of which this store has no record: name it "
                    "with --folder and --subfolders if you need it",
                    done, tree));
  }
  return notes;
}

std::string shown_name(const store::SnapshotInfo& snapshot, const store::FolderInfo& folder) {
  return imap::shown_folder_name(folder.raw_name, folder.delimiter, snapshot.personal_prefix);
}

Selection select(const base::Environment& environment, store::Reader& reader,
                 const std::string& account, const SelectionOptions& options) {
  ChosenSnapshot chosen_snapshot = choose_snapshot(environment, reader, account, options.at);
  Selection selection{.snapshot = std::move(chosen_snapshot.snapshot),
                      .passed_over = std::move(chosen_snapshot.passed_over),
                      .folders = {}};
  if (!options.passed_over.empty()) selection.passed_over = options.passed_over;
  const std::string& zone = environment.config.restore.time_zone;
  const auto optional_moment = [&](const std::string& text) -> std::optional<sys_seconds> {
    if (text.empty()) return std::nullopt;
    return parse_moment(environment, reader, account, text, options.asked);
  };
  const auto since = optional_moment(options.since);
  const auto before = optional_moment(options.before);
  MessageIds ids(options.messages);
  std::optional<std::set<Place>> found;
  if (!options.query.empty()) {
    found = find_places(environment, reader, selection.snapshot, options);
  }
  // A rescue's snapshot has the user's own mail, and nothing else.
  const bool is_without_trees = options.without_trees && ids.empty() &&
                                selection.snapshot.kind == store::SnapshotKind::kBackup;
  const bool is_missing_only = !options.missing_from.empty();
  const bool whole_folders = !since && !before && ids.empty() && !found && !is_missing_only;

  std::uint64_t messages = 0;
  const std::vector<store::FolderRecord> folders = reader.folders(selection.snapshot);
  std::vector<std::string> names;
  names.reserve(folders.size());
  for (const auto& folder : folders) names.push_back(shown_name(selection.snapshot, folder.info));
  const ChosenFolders chosen_folders(options, names, reader, selection.snapshot, zone);
  for (std::size_t at = 0; at < folders.size(); ++at) {
    const store::FolderRecord& folder = folders[at];
    SelectedFolder selected{folder, names[at], {}};
    if (!chosen_folders.contain(selected.name)) continue;
    if (is_without_trees && !chosen_folders.is_named(selected.name)) {
      std::string tree = foreign_tree_of(environment.config, account, folder.info, selected.name);
      if (!tree.empty()) {
        selection.left_out_trees.insert(std::move(tree));
        continue;
      }
    }
    reader.for_each_message(folder, [&](const store::MessageEntry& entry) {
      ids.note_found(entry.message);
      const bool chosen = is_between(entry, since, before) &&
                          (ids.empty() || ids.contains(entry.message)) &&
                          (!found || found->contains({folder.info.raw_name, entry.uid}));
      if (chosen) selected.messages.push_back(entry);
    });
    messages += selected.messages.size();
    if (whole_folders || !selected.messages.empty()) {
      selection.folders.push_back(std::move(selected));
    }
  }
  if (!ids.not_found().empty()) {
    fail_without_message(reader, selection.snapshot, ids.not_found(), zone);
  }
  if (is_missing_only && messages > 0) {
    const auto from = choose_snapshot(environment, reader, account, options.missing_from).snapshot;
    if (keep_missing(reader, from, selection.folders) == 0) {
      base::fail(base::ErrorCode::kNotFound,
                 "account {}: nothing is missing: all requested messages of the snapshot of {} are "
                 "there: `mailstow-restore vanished {}` lists what earlier snapshots had",
                 base::escape_for_terminal(account),
                 base::format_zoned(selection.snapshot.time, zone), base::shell_quoted(account));
    }
  }
  if (since || before) selection.undated = count_undated(selection.folders);
  hint_at_subfolders(options, selection, names);
  if (selection.folders.empty() || (!whole_folders && messages == 0)) {
    base::fail(
        base::ErrorCode::kNotFound,
        "account {}: the snapshot of {} has none of what was requested{}{}: "
        "`mailstow-restore folders` lists what it has",
        base::escape_for_terminal(account), base::format_zoned(selection.snapshot.time, zone),
        selection.left_out_trees.empty() ? ""
                                         : " outside restored trees, which only --folder chooses",
        options.query.empty() ? "" : " (--query searches headers only)");
  }
  return selection;
}

}  // namespace restore
