#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/nearest.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/output.h"
#include "store/location.h"
#include "store/reader.h"

namespace restore {

namespace {

store::FolderRecord find_folder(store::Reader& reader, const store::SnapshotInfo& snapshot,
                                const std::string& name) {
  std::vector<std::string> names;
  for (const store::FolderRecord& folder : reader.folders(snapshot)) {
    names.push_back(shown_name(snapshot, folder.info));
    if (names.back() == name) return folder;
  }
  const auto guess = base::nearest(name, names);
  base::fail(base::ErrorCode::kNotFound, "folder {}: the snapshot of {} has none of this name{}",
             base::escape_for_terminal(name), base::format_rfc3339(snapshot.time),
             guess ? ": did you mean " + base::escape_for_terminal(*guess) + "?" : "");
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

base::ExitStatus messages(const base::Surroundings& surroundings, const std::string& account,
                          const std::string& folder_name, const std::string& at) {
  store::Reader reader =
      store::Reader::open(store::location_of(surroundings.config.store), surroundings.files);
  const auto snapshot = choose_snapshot(surroundings, reader, account, at);
  const store::FolderRecord folder = find_folder(reader, snapshot, folder_name);
  auto documents = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows;
  reader.for_each_message(folder, [&](const store::MessageEntry& entry) {
    const std::string date = base::format_rfc3339(entry.internal_date.instant);
    documents.push_back({{"uid", entry.uid.value},
                         {"message", entry.message.object.hex()},
                         {"internal_date", date},
                         {"size", entry.size},
                         {"flags", entry.flags}});
    rows.push_back({std::to_string(entry.uid.value), date, base::format_size(entry.size),
                    joined(entry.flags), entry.message.object.hex().substr(0, 16)});
  });
  print(surroundings.format,
        {{"account", account},
         {"folder", folder_name},
         {"snapshot", snapshot.id.hex()},
         {"messages", std::move(documents)}},
        base::format_table({{"UID", base::Align::kRight},
                            {"DATE"},
                            {"SIZE", base::Align::kRight},
                            {"FLAGS", base::Align::kLeft, base::Width::kCut},
                            {"ID"}},
                           rows, base::output_width()));
  return base::ExitStatus::kDone;
}

}  // namespace restore
