#include <algorithm>
#include <map>
#include <memory>
#include <utility>

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
#include "restore/earlier_folder.h"
#include "restore/moment.h"
#include "restore/output.h"
#include "restore/selection_arguments.h"
#include "store/format/location.h"
#include "store/reader.h"
#include "store/search.h"
#include "store/search_index/query.h"

namespace restore {

namespace {

struct NamedFolder {
  std::string name;  // shown
  store::FolderRecord record;
};

// The folder of exactly this name, or else the only one whose name looks the same, or else the only
// one whose name differs in case.
NamedFolder find_folder(store::Reader& reader, const store::SnapshotInfo& snapshot,
                        const std::string& name, const std::string& zone) {
  std::vector<std::string> names;
  const std::vector<store::FolderRecord> folders = reader.folders(snapshot);
  names.reserve(folders.size());
  for (const store::FolderRecord& folder : folders) {
    names.push_back(shown_name(snapshot, folder.info));
    if (names.back() == name) return {name, folder};
  }
  for (const base::Likeness likeness : {base::Likeness::kSame, base::Likeness::kCase}) {
    std::vector<NamedFolder> found;
    for (std::size_t at = 0; at < folders.size(); ++at) {
      if (base::folder_glob_matches(base::glob_for(name), names[at], likeness)) {
        found.push_back({names[at], folders[at]});
      }
    }
    if (found.size() == 1) return found.front();
    if (found.size() > 1) {
      base::fail(base::ErrorCode::kNotFound,
                 "folder {}: the snapshot of {} has {} folders with names like this: copy the "
                 "name from `mailstow-restore folders`",
                 base::escape_for_terminal(name), base::format_zoned(snapshot.time, zone),
                 found.size());
    }
  }
  const std::string earlier =
      earlier_folder_hint(reader, snapshot, zone, [&](const std::string& other) {
        return base::folder_glob_matches(base::glob_for(name), other, base::Likeness::kCase);
      });
  base::fail(base::ErrorCode::kNotFound, "folder {}: the snapshot of {} has no such folder{}",
             base::escape_for_terminal(name), base::format_zoned(snapshot.time, zone),
             earlier.empty() ? base::suggestion(name, names) : earlier);
}

// Sender and subject of the folder's messages, from the search index; empty if there is no index.
std::map<base::Uid, store::Envelope> envelopes_of(store::Reader& reader,
                                                  const store::SnapshotInfo& snapshot,
                                                  const std::string& folder) {
  // In a query a quotation mark ends the glob.
  std::string glob = base::glob_for(folder);
  std::replace(glob.begin(), glob.end(), '"', '?');
  store::SearchScope scope;
  scope.account = snapshot.account;
  scope.snapshot = snapshot;
  scope.most = snapshot.messages;
  scope.shown_name = shown_name;
  std::map<base::Uid, store::Envelope> envelopes;
  try {
    const auto query = store::Query::parse("folder:\"" + glob + "\"", "UTC", {});
    for (store::FoundMessage& found : store::search(reader, query, scope).messages) {
      if (found.folder == folder) envelopes.emplace(found.entry.uid, std::move(found.envelope));
    }
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kNotFound) throw;
    base::log_warning("sender and subject are unavailable: {}", error.what());
  }
  return envelopes;
}

}  // namespace

base::ExitStatus messages(const base::Environment& environment, const std::string& account,
                          const std::string& folder_name, const std::string& at) {
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  const auto snapshot = choose_snapshot(environment, reader, account, at);
  const std::string& zone = environment.config.restore.time_zone;
  const NamedFolder folder = find_folder(reader, snapshot, folder_name, zone);
  auto envelopes = envelopes_of(reader, snapshot, folder.name);
  auto documents = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows;
  reader.for_each_message(folder.record, [&](const store::MessageEntry& entry) {
    const std::string date = base::format_rfc3339(entry.internal_date.instant);
    const store::Envelope& envelope = envelopes[entry.uid];
    documents.push_back({{"uid", entry.uid.value},
                         {"message", entry.message.object.hex()},
                         {"internal_date", date},
                         {"size", entry.size},
                         {"flags", entry.flags},
                         {"from", envelope.from},
                         {"subject", envelope.subject}});
    rows.push_back({std::to_string(entry.uid.value),
                    base::format_zoned(entry.internal_date.instant, zone), envelope.from,
                    envelope.subject, base::format_size(entry.size),
                    fmt::format("{}", fmt::join(entry.flags, " ")),
                    base::shown_id(entry.message.object.hex())});
  });
  nlohmann::ordered_json document = {{"account", account}, {"folder", folder.name}};
  add_origin(document, snapshot);
  document["messages"] = std::move(documents);
  print(environment.format, document,
        base::format_table({{"UID", base::Align::kRight},
                            {"DATE"},
                            {"FROM", base::Align::kLeft, base::Width::kCut},
                            {"SUBJECT", base::Align::kLeft, base::Width::kCut},
                            {"SIZE", base::Align::kRight},
                            {"FLAGS", base::Align::kLeft, base::Width::kCut},
                            {"ID"}},
                           rows, base::output_room()) +
            origin_text(snapshot, zone));
  return base::ExitStatus::kDone;
}

base::Command messages_command() {
  struct Arguments {
    std::string account;
    std::string folder;
    std::string at;
  };
  const auto given = std::make_shared<Arguments>();
  return {.name = "messages",
          .help = "List the messages of a folder in a snapshot",
          .declare =
              [given](base::Options& declared) {
                declared.argument("NAME", given->account, "The account").required();
                declared.argument("FOLDER", given->folder, "The folder").required();
                declare_at(declared, given->at);
              },
          .is_audited = base::always,
          .account = [given] { return given->account; },
          .function =
              [given](const auto& environment) {
                return messages(environment, given->account, given->folder, given->at);
              }};
}

}  // namespace restore
