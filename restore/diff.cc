#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/glob.h"
#include "base/id_text.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/moment.h"
#include "restore/output.h"
#include "restore/selection.h"
#include "restore/snapshot_changes.h"
#include "store/format/location.h"
#include "store/reader.h"
#include "store/search.h"

namespace restore {

namespace {

constexpr std::size_t kMaxChanges = 1'000;  // as text

struct Compared {
  ChosenSnapshot from;
  ChosenSnapshot to;
  SnapshotChanges changes;
};

std::string_view word(store::FolderFate fate) {
  switch (fate) {
    case store::FolderFate::kAppeared:
      return "added";
    case store::FolderFate::kVanished:
      return "removed";
    case store::FolderFate::kRenamed:
      return "renamed";
    case store::FolderFate::kRegenerated:
      return "recreated";
    case store::FolderFate::kStayed:
      break;
  }
  return "changed";
}

// The folders that --folder chooses, among those of both snapshots. A glob that matches no name as
// it is written is compared without regard to case, and then to accents.
class FolderChoice {
 public:
  FolderChoice(const std::vector<std::string>& globs, const std::vector<std::string>& names) {
    for (const std::string& glob : globs) {
      const auto likeness =
          base::strictest_likeness(names, [&](const std::string& name, base::Likeness how) {
            return base::folder_glob_matches(glob, name, how);
          });
      if (!likeness) {
        base::fail(base::ErrorCode::kNotFound, "--folder {}: neither snapshot has such a folder{}",
                   base::escape_for_terminal(glob), base::suggestion(glob, names));
      }
      globs_.emplace_back(glob, *likeness);
    }
  }

  bool contains(const std::string& name) const {
    return globs_.empty() || std::ranges::any_of(globs_, [&](const auto& glob) {
             return base::folder_glob_matches(glob.first, name, glob.second);
           });
  }

  // Whichever of the two names is chosen; `other` may be empty.
  bool contains_one_of(const std::string& name, const std::string& other) const {
    return contains(name) || (!other.empty() && contains(other));
  }

 private:
  std::vector<std::pair<std::string, base::Likeness>> globs_;
};

void keep_chosen(store::Reader& reader, const std::vector<std::string>& globs, Compared& compared) {
  if (globs.empty()) return;
  std::vector<std::string> names;
  for (const store::SnapshotInfo* snapshot : {&compared.from.snapshot, &compared.to.snapshot}) {
    for (const store::FolderRecord& folder : reader.folders(*snapshot)) {
      names.push_back(shown_name(*snapshot, folder.info));
    }
  }
  const FolderChoice choice(globs, names);
  std::erase_if(compared.changes.folders, [&](const FolderRename& each) {
    return !choice.contains_one_of(each.folder, each.from);
  });
  std::erase_if(compared.changes.messages, [&](const MessageChange& each) {
    return !choice.contains_one_of(each.folder, each.from_folder);
  });
  std::erase_if(compared.changes.uncertain, [&](const UncertainFolder& each) {
    return !choice.contains_one_of(each.folder, each.from);
  });
}

// The number of messages by MessageFate.
using Counts = std::array<std::size_t, 4>;

Counts count_messages(const std::vector<MessageChange>& messages) {
  Counts counts{};
  for (const MessageChange& each : messages) ++counts.at(static_cast<std::size_t>(each.fate));
  return counts;
}

std::size_t count_of(const Counts& counts, MessageFate fate) {
  return counts.at(static_cast<std::size_t>(fate));
}

// Names a change as long as the same snapshots are compared.
std::string cursor_of_change(const MessageChange& change) {
  return fmt::format("{}.{}.{}.{}.{}", word(change.fate),
                     base::shown_id(change.message.message.object.hex()), change.uid_validity,
                     change.message.uid.value, change.folder);
}

// "+\Seen -\Flagged"
std::string flags_text(const MessageChange& change) {
  std::vector<std::string> words;
  const auto add = [&](char sign, const auto& these, const auto& those) {
    std::vector<std::string> only;
    std::ranges::set_difference(these, those, std::back_inserter(only));
    for (const std::string& flag : only) words.push_back(sign + flag);
  };
  add('+', change.flags, change.from_flags);
  add('-', change.from_flags, change.flags);
  return fmt::format("{}", fmt::join(words, " "));
}

std::string detail_text(const MessageChange& change) {
  switch (change.fate) {
    case MessageFate::kMoved: {
      const std::string flags = flags_text(change);
      return "from " + change.from_folder + (flags.empty() ? "" : ", " + flags);
    }
    case MessageFate::kFlags:
      return flags_text(change);
    default:
      return "";
  }
}

nlohmann::ordered_json to_json(const MessageChange& change, store::Envelopes& envelopes) {
  const store::Envelope envelope = envelopes.of(change.message.message);
  nlohmann::ordered_json document = {{"change", word(change.fate)},
                                     {"folder", change.folder},
                                     {"uidvalidity", change.uid_validity},
                                     {"uid", change.message.uid.value},
                                     {"message", change.message.message.object.hex()},
                                     {"internal_date", date_json(change.message.internal_date)},
                                     {"size", change.message.size},
                                     {"flags", change.flags},
                                     {"from", envelope.from},
                                     {"subject", envelope.subject}};
  if (change.fate == MessageFate::kMoved || change.fate == MessageFate::kFlags) {
    document["from_folder"] = change.from_folder;
    document["from_uid"] = change.from_uid.value;
    document["from_flags"] = change.from_flags;
  }
  return document;
}

nlohmann::ordered_json to_json(const FolderRename& folder) {
  nlohmann::ordered_json document = {{"change", word(folder.fate)}, {"folder", folder.folder}};
  if (folder.fate == store::FolderFate::kRenamed) document["from_folder"] = folder.from;
  return document;
}

nlohmann::ordered_json to_json(const ChosenSnapshot& chosen) {
  return {{"snapshot", chosen.snapshot.id.hex()},
          {"time", base::format_rfc3339(chosen.snapshot.time)},
          {"passed_over", passed_over_json(chosen.passed_over)}};
}

void print_document(const DiffOptions& options, const Compared& compared, const Counts& counts,
                    const std::optional<std::string>& next, store::Envelopes& envelopes) {
  auto folders = nlohmann::ordered_json::array();
  for (const FolderRename& each : compared.changes.folders) folders.push_back(to_json(each));
  auto uncertain = nlohmann::ordered_json::array();
  for (const UncertainFolder& each : compared.changes.uncertain) uncertain.push_back(each.folder);
  DocumentStream document({{"account", options.account},
                           {"from", to_json(compared.from)},
                           {"to", to_json(compared.to)},
                           {"counts",
                            {{"added", count_of(counts, MessageFate::kAdded)},
                             {"removed", count_of(counts, MessageFate::kRemoved)},
                             {"moved", count_of(counts, MessageFate::kMoved)},
                             {"flags", count_of(counts, MessageFate::kFlags)}}},
                           {"folders", std::move(folders)},
                           {"uncertain", std::move(uncertain)}},
                          "messages");
  for (const MessageChange& each : compared.changes.messages) {
    document.add(to_json(each, envelopes));
  }
  document.end({{"next", next_in_json(next)}});
}

std::string folders_text(const std::vector<FolderRename>& folders) {
  std::string text;
  for (const FolderRename& each : folders) {
    text += fmt::format("Folder {}: {}", word(each.fate), base::escape_for_terminal(each.folder));
    if (!each.from.empty()) {
      text += fmt::format(" (it was {})", base::escape_for_terminal(each.from));
    }
    text += '\n';
  }
  return text;
}

std::string counts_text(const Compared& compared, const Counts& counts, const std::string& zone) {
  const store::SnapshotInfo& from = compared.from.snapshot;
  const store::SnapshotInfo& to = compared.to.snapshot;
  return fmt::format(
      "Messages: {} added, {} removed, {} moved, {} with other flags; from the snapshot of {} ({}) "
      "to that of {} ({}).\n",
      base::format_count(count_of(counts, MessageFate::kAdded)),
      base::format_count(count_of(counts, MessageFate::kRemoved)),
      base::format_count(count_of(counts, MessageFate::kMoved)),
      base::format_count(count_of(counts, MessageFate::kFlags)),
      base::format_zoned(from.time, zone), base::shown_id(from.id.hex()),
      base::format_zoned(to.time, zone), base::shown_id(to.id.hex()));
}

std::string messages_text(const std::vector<MessageChange>& messages, const Page& page,
                          store::Envelopes& envelopes, const std::string& zone) {
  if (messages.empty()) return text_without_rows(page, "");
  std::vector<std::vector<std::string>> rows;
  rows.reserve(messages.size());
  for (const MessageChange& each : messages) {
    const store::Envelope envelope = envelopes.of(each.message.message);
    rows.push_back({std::string(word(each.fate)), each.folder,
                    std::to_string(each.message.uid.value),
                    date_text(each.message.internal_date, zone), envelope.from, envelope.subject,
                    base::shown_id(each.message.message.object.hex()), detail_text(each)});
  }
  return base::format_table({{"CHANGE"},
                             {"FOLDER", base::Align::kLeft, base::Width::kCut},
                             {"UID", base::Align::kRight},
                             {"DATE"},
                             {"FROM", base::Align::kLeft, base::Width::kCut},
                             {"SUBJECT", base::Align::kLeft, base::Width::kCut},
                             {"ID"},
                             {"", base::Align::kLeft, base::Width::kCut}},
                            rows, base::output_room());
}

}  // namespace

base::ExitStatus diff(const base::Environment& environment, const DiffOptions& options) {
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  Compared compared{.from = choose_snapshot(environment, reader, options.account, options.from),
                    .to = choose_snapshot(environment, reader, options.account, options.to),
                    .changes = {}};
  compared.changes = find_changes(reader, compared.from.snapshot, compared.to.snapshot);
  keep_chosen(reader, options.folders, compared);
  for (const UncertainFolder& each : compared.changes.uncertain) {
    base::log_warning(
        "{}: one of the two backups did not read it in full: what it lacks may have been there",
        base::escape_for_terminal(each.folder));
  }
  const Counts counts = count_messages(compared.changes.messages);
  const bool is_json = environment.format == base::OutputFormat::kJson;
  Page page = options.page;
  if (!is_json && page.limit == 0) page.limit = kMaxChanges;
  const auto next = cut_to_page(compared.changes.messages, page, cursor_of_change);
  store::Envelopes envelopes(reader);
  if (is_json) {
    print_document(options, compared, counts, next, envelopes);
  } else {
    const std::string& zone = environment.config.restore.time_zone;
    print(environment.format, nullptr,
          folders_text(compared.changes.folders) +
              messages_text(compared.changes.messages, page, envelopes, zone) +
              next_page_text(next) + counts_text(compared, counts, zone));
  }
  return base::ExitStatus::kDone;
}

base::Command diff_command() {
  const auto options = std::make_shared<DiffOptions>();
  return {.name = "diff",
          .help = "Show what differs between two snapshots: folders, messages, flags",
          .declare =
              [options](base::Options& declared) {
                declared.argument("NAME", options->account, "The account").required();
                declared
                    .value("--from", options->from, "TIME",
                           "The earlier snapshot: the newest not after this time, or its id")
                    .required();
                declared.value("--to", options->to, "TIME",
                               "The later one, in the same way (default: the newest)");
                declared.values("--folder", options->folders, "GLOB", "Only these folders");
                declare_page(declared, options->page, "CURSOR",
                             "Continue after this entry, as the last page names it");
              },
          .is_audited = base::always,
          .account = [options] { return options->account; },
          .function = [options](const auto& environment) { return diff(environment, *options); }};
}

}  // namespace restore
