#include <charconv>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/glob.h"
#include "base/id_text.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/program/pager.h"
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

namespace restore {

namespace {

struct NamedFolder {
  std::string name;  // shown
  store::FolderRecord record;
};

// The folder of exactly this name, or else the only one whose name looks the same, or else the only
// one whose name differs in case, or else the only one whose name differs in accents too.
NamedFolder find_folder(store::Reader& reader, const store::SnapshotInfo& snapshot,
                        const std::string& name, const std::string& zone) {
  std::vector<std::string> names;
  const std::vector<store::FolderRecord> folders = reader.folders(snapshot);
  names.reserve(folders.size());
  for (const store::FolderRecord& folder : folders) {
    names.push_back(shown_name(snapshot, folder.info));
    if (names.back() == name) return {name, folder};
  }
  for (const base::Likeness likeness : base::kLikenesses) {
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
        return base::folder_glob_matches(base::glob_for(name), other, base::Likeness::kLetters);
      });
  base::fail(base::ErrorCode::kNotFound, "folder {}: the snapshot of {} has no such folder{}",
             base::escape_for_terminal(name), base::format_zoned(snapshot.time, zone),
             earlier.empty() ? base::suggestion(name, names) : earlier);
}

// As text, a folder of hundreds of thousands of messages is shown page by page.
constexpr std::size_t kMaxRows = 1'000;

base::Uid uid_of(const std::string& after) {
  if (after.empty()) return {0};
  std::uint32_t uid = 0;
  const auto [end, error] = std::from_chars(after.data(), after.data() + after.size(), uid);
  if (error != std::errc() || end != after.data() + after.size()) {
    base::fail(base::ErrorCode::kUsage, "--after {}: it must be a UID",
               base::escape_for_terminal(after));
  }
  return {uid};
}

// Calls back for the messages of the page. Returns the UID after which the next one begins, nullopt
// if this is the last.
std::optional<std::string> for_each_on_page(
    store::Reader& reader, const store::FolderRecord& folder, std::size_t limit, base::Uid after,
    const std::function<void(const store::MessageEntry&)>& take) {
  std::size_t taken = 0;
  base::Uid last;
  bool has_more = false;
  reader.for_each_message_from(folder, after, [&](const store::MessageEntry& entry) {
    if (entry.uid == after) return true;
    has_more = limit > 0 && taken == limit;
    if (has_more) return false;
    ++taken;
    last = entry.uid;
    take(entry);
    return true;
  });
  if (!has_more) return std::nullopt;
  return std::to_string(last.value);
}

}  // namespace

base::ExitStatus messages(const base::Environment& environment, const std::string& account,
                          const std::string& folder_name, const std::string& at, const Page& page) {
  const base::Uid after = uid_of(page.after);
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  const ChosenSnapshot chosen = choose_snapshot(environment, reader, account, at);
  const store::SnapshotInfo& snapshot = chosen.snapshot;
  const std::string& zone = environment.config.restore.time_zone;
  const NamedFolder folder = find_folder(reader, snapshot, folder_name, zone);
  store::Envelopes envelopes(reader);
  if (!envelopes.are_known()) {
    base::log_warning(
        "sender and subject are unavailable: there is no search index of this version: the next "
        "backup builds it, and so does mailstow-backupd reindex");
  }
  if (environment.format == base::OutputFormat::kJson) {
    nlohmann::ordered_json head = {{"account", account}, {"folder", folder.name}};
    add_origin(head, chosen);
    DocumentStream document(head, "messages");
    const auto next = for_each_on_page(
        reader, folder.record, page.limit, after, [&](const store::MessageEntry& entry) {
          const store::Envelope envelope = envelopes.of(entry.message);
          document.add({{"uid", entry.uid.value},
                        {"message", entry.message.object.hex()},
                        {"internal_date", date_json(entry.internal_date)},
                        {"size", entry.size},
                        {"flags", entry.flags},
                        {"from", envelope.from},
                        {"subject", envelope.subject}});
        });
    document.end({{"next", next_in_json(next)}});
    return base::ExitStatus::kDone;
  }
  std::vector<std::vector<std::string>> rows;
  const auto next = for_each_on_page(
      reader, folder.record, page.limit > 0 ? page.limit : kMaxRows, after,
      [&](const store::MessageEntry& entry) {
        const store::Envelope envelope = envelopes.of(entry.message);
        rows.push_back({std::to_string(entry.uid.value), date_text(entry.internal_date, zone),
                        envelope.from, envelope.subject, base::format_size(entry.size),
                        fmt::format("{}", fmt::join(entry.flags, " ")),
                        base::shown_id(entry.message.object.hex())});
      });
  const std::string empty =
      rows.empty() ? text_without_rows(page, "The folder holds no messages.\n") : "";
  print_text(empty +
             base::format_table({{"UID", base::Align::kRight},
                                 {"DATE"},
                                 {"FROM", base::Align::kLeft, base::Width::kCut},
                                 {"SUBJECT", base::Align::kLeft, base::Width::kCut},
                                 {"SIZE", base::Align::kRight},
                                 {"FLAGS", base::Align::kLeft, base::Width::kCut},
                                 {"ID"}},
                                rows, base::output_room()) +
             next_page_text(next) + origin_text(snapshot, zone));
  return base::ExitStatus::kDone;
}

base::Command messages_command() {
  struct Arguments {
    std::string account;
    std::string folder;
    std::string at;
    Page page;
  };
  const auto given = std::make_shared<Arguments>();
  return {.name = "messages",
          .help = "List the messages of a folder in a snapshot",
          .declare =
              [given](base::Options& declared) {
                declared.argument("NAME", given->account, "The account").required();
                declared.argument("FOLDER", given->folder, "The folder").required();
                declare_at(declared, given->at);
                declare_page(declared, given->page, "UID", "Continue after this UID");
              },
          .is_audited = base::always,
          .account = [given] { return given->account; },
          .function =
              [given](const auto& environment) {
                return messages(environment, given->account, given->folder, given->at, given->page);
              }};
}

}  // namespace restore
