#include <memory>
#include <optional>

#include <nlohmann/json.hpp>

#include "base/glob.h"
#include "base/program/pager.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/foreign_tree.h"
#include "restore/moment.h"
#include "restore/output.h"
#include "restore/selection_arguments.h"
#include "store/format/location.h"
#include "store/reader.h"

namespace restore {

namespace {

// The page, after the folder as it is shown: INBOX may be typed in any case.
Page as_shown(Page page, const store::SnapshotInfo& snapshot,
              const std::vector<store::FolderRecord>& listed) {
  for (const store::FolderRecord& folder : listed) {
    const std::string name = shown_name(snapshot, folder.info);
    if (name == page.after) return page;
    if (base::is_same_folder(name, page.after, '/')) page.after = name;
  }
  return page;
}

}  // namespace

base::ExitStatus folders(const base::Environment& environment, const std::string& account,
                         const std::string& at, const Page& page) {
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  const ChosenSnapshot chosen = choose_snapshot(environment, reader, account, at);
  const store::SnapshotInfo& snapshot = chosen.snapshot;
  nlohmann::ordered_json head = {{"account", account}};
  add_origin(head, chosen);
  head["time"] = base::format_rfc3339(snapshot.time);  // the older name
  std::optional<DocumentStream> document;
  if (environment.format == base::OutputFormat::kJson) document.emplace(head, "folders");
  std::vector<std::vector<std::string>> rows;
  std::vector<store::FolderRecord> listed = reader.folders(snapshot);
  const auto next = cut_to_page(
      listed, as_shown(page, snapshot, listed),
      [&](const store::FolderRecord& folder) { return shown_name(snapshot, folder.info); });
  for (const store::FolderRecord& folder : listed) {
    const std::string name = shown_name(snapshot, folder.info);
    std::string note = folder_note(folder.info);
    const bool is_in_tree =
        !foreign_tree_of(environment.config, account, folder.info, name).empty();
    if (is_in_tree) note += (note.empty() ? "" : "; ") + std::string("in a restored tree");
    if (document) {
      document->add({{"folder", name},
                     {"uidvalidity", folder.info.uid_validity},
                     {"messages", folder.receipt.messages},
                     {"bytes", folder.bytes},
                     {"skipped", folder.info.skipped.size()},
                     {"digest", folder.receipt.digest.hex()},
                     {"in_restored_tree", is_in_tree},
                     {"note", note}});
      continue;
    }
    rows.push_back(
        {name, base::format_count(folder.receipt.messages), base::format_size(folder.bytes), note});
  }
  if (document) {
    document->end({{"next", next_in_json(next)}});
    return base::ExitStatus::kDone;
  }
  const std::string empty =
      rows.empty() ? text_without_rows(page, "The snapshot has no folders.\n") : "";
  print_text(empty +
             base::format_table({{"FOLDER", base::Align::kLeft, base::Width::kCut},
                                 {"MESSAGES", base::Align::kRight},
                                 {"SIZE", base::Align::kRight},
                                 {"NOTE", base::Align::kLeft, base::Width::kCut}},
                                rows, base::output_room()) +
             next_page_text(next) + origin_text(snapshot, environment.config.restore.time_zone));
  return base::ExitStatus::kDone;
}

base::Command folders_command() {
  struct Arguments {
    std::string account;
    std::string at;
    Page page;
  };
  const auto given = std::make_shared<Arguments>();
  return {.name = "folders",
          .help = "List the folders of a snapshot",
          .declare =
              [given](base::Options& declared) {
                declared.argument("NAME", given->account, "The account").required();
                declare_at(declared, given->at);
                declare_page(declared, given->page, "FOLDER", "Continue after this folder");
              },
          .is_audited = base::always,
          .account = [given] { return given->account; },
          .function =
              [given](const auto& environment) {
                return folders(environment, given->account, given->at, given->page);
              }};
}

}  // namespace restore
