#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/id_text.h"
#include "base/log.h"
#include "base/shell_quote.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/last_sight.h"
#include "restore/moment.h"
#include "restore/output.h"
#include "restore/selection.h"
#include "store/format/location.h"
#include "store/message_places.h"
#include "store/reader.h"
#include "store/search.h"
#include "store/search_index/envelope.h"

namespace restore {

namespace {

// The same for a message that only other accounts have, and for one that does not exist.
store::MessagePlaces find_places_of(store::Reader& reader, const ShowOptions& options,
                                    store::PlacesWanted wanted) {
  if (!base::begins_an_id(options.message)) {
    base::fail(base::ErrorCode::kUsage,
               "message {}: not a message's id: give its first {} or more digits, as "
               "`mailstow-restore messages` and `search` print them",
               base::escape_for_terminal(options.message), base::kMinIdDigits);
  }
  auto places = store::find_message(reader, options.account, options.message, wanted);
  if (!places) {
    base::fail(base::ErrorCode::kNotFound,
               "message {}: account {} has no such message in any snapshot: `mailstow-restore "
               "search` and `messages` print the ids",
               options.message, base::escape_for_terminal(options.account));
  }
  for (const std::string& line : places->damage) base::log_error("{}", line);
  return *std::move(places);
}

// A message can contain any control sequence, with any effect on a terminal.
void refuse_terminal() {
  if (::isatty(STDOUT_FILENO) == 0) return;
  base::fail(base::ErrorCode::kUsage,
             "--raw: standard output is a terminal, and a message may hold anything: send it to a "
             "file or a program, as in `> message.eml` or `| less`");
}

base::ExitStatus show_raw(store::Reader& reader, const ShowOptions& options) {
  const store::MessagePlaces found = find_places_of(reader, options, store::PlacesWanted::kOne);
  // It is compared with its id before the first byte is printed.
  reader.read_message(found.message).for_each_piece([](base::ByteView piece) {
    base::print_result(base::as_text(piece));
  });
  return base::ExitStatus::kDone;
}

constexpr const char* kUnreadFolder = "the newest backup did not read its folder in full";

// A message, and its history in the account.
struct MessageSummary {
  store::MessagePlaces held;
  store::Envelope envelope;
  bool is_readable = true;
  std::optional<bool> is_still_there = false;  // in the newest backup; nullopt: that can't tell
  std::string doubt;                           // why that can't tell
  // The first backup certainly without it after the last with it; nullopt if no backup is.
  std::optional<store::SnapshotInfo> gone_since;
  std::vector<std::string> unread;  // folders that the newest backup did not read in full, shown
};

store::Envelope read_header(store::Reader& reader, const store::MessageId& message) {
  constexpr std::size_t kMaxHeader = std::size_t{256} << 10;
  return store::read_envelope(reader.read_beginning(message, kMaxHeader));
}

bool is_backup(const store::SnapshotInfo& snapshot) {
  return snapshot.kind == store::SnapshotKind::kBackup;
}

// nullopt if they can't be read, which find_message() has reported.
std::optional<std::vector<store::FolderRecord>> folders_if_readable(
    store::Reader& reader, const store::SnapshotInfo& snapshot) {
  try {
    return reader.folders(snapshot);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged && error.code() != base::ErrorCode::kNotFound) {
      throw;
    }
    return std::nullopt;
  }
}

// Why a later backup without the message does not prove that it was gone; empty: it does.
std::string doubt_of(const MessageSummary& summary, const store::SnapshotInfo& last,
                     const store::SnapshotInfo& later,
                     const std::optional<std::vector<store::FolderRecord>>& folders) {
  const auto& unsearched = summary.held.unsearched;
  if (!folders ||
      std::ranges::find(unsearched, later.id, &store::SnapshotInfo::id) != unsearched.end()) {
    return "the newest backup could not be searched in full";
  }
  const bool is_proof = std::ranges::all_of(summary.held.places, [&](const auto& place) {
    return place.last.id != last.id || proves_gone(*folders, place.folder);
  });
  return is_proof ? "" : kUnreadFolder;
}

// Whether the only folders that have it in its last backup are shown there as of an earlier one.
bool is_only_remembered(const MessageSummary& summary, const store::SnapshotInfo& last) {
  bool is_remembered = false;
  for (const store::HeldPlace& place : summary.held.places) {
    if (place.last.id != last.id) continue;
    if (place.folder.completeness != store::FolderCompleteness::kUnreadable) return false;
    is_remembered = true;
  }
  return is_remembered;
}

void find_end(store::Reader& reader, const std::string& account, MessageSummary& summary) {
  std::optional<store::SnapshotInfo> last;
  for (const store::SnapshotInfo& holder : summary.held.snapshots) {
    if (is_backup(holder)) last = holder;
  }
  const auto newest = reader.newest_snapshot(account);
  if (!newest) return;
  const auto newest_folders = folders_if_readable(reader, *newest);
  if (newest_folders) summary.unread = unread_folders(*newest, *newest_folders);
  if (!last) return;  // only rescues have it
  if (last->id == newest->id) {
    summary.is_still_there = true;
    if (!is_only_remembered(summary, *last)) return;
    summary.doubt = "the newest backup could not read its folder";
  } else {
    summary.doubt = doubt_of(summary, *last, *newest, newest_folders);
  }
  summary.is_still_there = summary.doubt.empty() ? std::optional(false) : std::nullopt;
  for (const store::SnapshotInfo& later : reader.snapshots(account)) {
    if (!is_backup(later) || later.sequence <= last->sequence) continue;
    const auto folders = folders_if_readable(reader, later);
    if (!doubt_of(summary, *last, later, folders).empty()) continue;
    summary.gone_since = later;
    // A folder that lost it, and was not read in full since then, has not got it back.
    if (summary.doubt == kUnreadFolder) summary.is_still_there = false;
    return;
  }
}

MessageSummary summarize(store::Reader& reader, const ShowOptions& options) {
  MessageSummary summary{.held = find_places_of(reader, options, store::PlacesWanted::kAll),
                         .envelope = {},
                         .doubt = {},
                         .gone_since = {},
                         .unread = {}};
  try {
    summary.envelope = read_header(reader, summary.held.message);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged && error.code() != base::ErrorCode::kNotFound) {
      throw;
    }
    base::log_error("{}", error.what());
    summary.is_readable = false;
    summary.envelope = store::Envelopes(reader).of(summary.held.message);
  }
  find_end(reader, options.account, summary);
  if (summary.is_still_there != true) warn_of_unread(summary.unread);
  return summary;
}

std::uint64_t size_of(const MessageSummary& summary) {
  // Damage can hide the entry of a place.
  std::uint64_t size = 0;
  for (const store::HeldPlace& place : summary.held.places) size = std::max(size, place.entry.size);
  return size;
}

// The first of a list of which `limit` elements are shown at most; 0: all.
template <typename Element>
std::span<const Element> shown_part(const std::vector<Element>& list, std::size_t limit) {
  return std::span(list).first(limit == 0 ? list.size() : std::min(limit, list.size()));
}

// The newest ones, in the same order.
std::span<const store::SnapshotInfo> newest_part(const std::vector<store::SnapshotInfo>& snapshots,
                                                 std::size_t limit) {
  return std::span(snapshots).last(shown_part(snapshots, limit).size());
}

nlohmann::ordered_json to_json(const MessageSummary& summary, const ShowOptions& options) {
  const store::Envelope& envelope = summary.envelope;
  auto places = nlohmann::ordered_json::array();
  for (const store::HeldPlace& place : shown_part(summary.held.places, options.limit)) {
    places.push_back({{"folder", shown_name(place.last, place.folder)},
                      {"uidvalidity", place.folder.uid_validity},
                      {"uid", place.entry.uid.value},
                      {"internal_date", date_json(place.entry.internal_date)},
                      {"flags", place.entry.flags},
                      {"first_snapshot", place.first.id.hex()},
                      {"first_seen", base::format_rfc3339(place.first.time)},
                      {"last_snapshot", place.last.id.hex()},
                      {"last_seen", base::format_rfc3339(place.last.time)},
                      {"snapshots", place.snapshots},
                      {"note", folder_note(place.folder)}});
  }
  auto snapshots = nlohmann::ordered_json::array();
  for (const store::SnapshotInfo& snapshot : newest_part(summary.held.snapshots, options.limit)) {
    snapshots.push_back({{"snapshot", snapshot.id.hex()},
                         {"time", base::format_rfc3339(snapshot.time)},
                         {"kind", is_backup(snapshot) ? "backup" : "rescue"}});
  }
  return {{"account", options.account},
          {"message", summary.held.message.object.hex()},
          {"readable", summary.is_readable},
          {"size", size_of(summary)},
          {"date", envelope.date ? nlohmann::ordered_json(base::format_rfc3339(*envelope.date))
                                 : nlohmann::ordered_json()},
          {"from", envelope.from},
          {"to", envelope.to},
          {"cc", envelope.cc},
          {"subject", envelope.subject},
          {"message_id", envelope.message_id},
          {"first_seen", base::format_rfc3339(summary.held.snapshots.front().time)},
          {"last_seen", base::format_rfc3339(summary.held.snapshots.back().time)},
          {"still_there", summary.is_still_there ? nlohmann::ordered_json(*summary.is_still_there)
                                                 : nlohmann::ordered_json()},
          {"gone_since", summary.gone_since ? nlohmann::ordered_json(
                                                  base::format_rfc3339(summary.gone_since->time))
                                            : nlohmann::ordered_json()},
          {"unread", summary.unread},
          {"place_count", summary.held.places.size()},
          {"places", std::move(places)},
          {"snapshot_count", summary.held.snapshots.size()},
          {"snapshots", std::move(snapshots)},
          {"damage", summary.held.damage}};
}

std::string end_text(const MessageSummary& summary, const std::string& zone) {
  if (!summary.is_still_there) return "; " + summary.doubt;
  if (*summary.is_still_there) return "; still there";
  if (!summary.gone_since) return "";
  return "; gone since " + base::format_zoned(summary.gone_since->time, zone);
}

std::string to_text(const MessageSummary& summary, const ShowOptions& options,
                    const std::string& zone) {
  const store::Envelope& envelope = summary.envelope;
  const store::MessagePlaces& held = summary.held;
  const store::SnapshotInfo& first = held.snapshots.front();
  const store::SnapshotInfo& last = held.snapshots.back();
  const std::string id = base::shown_id(held.message.object.hex());
  std::string text;
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) {
      text += fmt::format("{:<12}{}\n", name + ":", base::escape_for_terminal(value));
    }
  };
  add("From", envelope.from);
  add("To", envelope.to);
  add("Cc", envelope.cc);
  add("Subject", envelope.subject);
  if (envelope.date) add("Date", base::format_zoned(*envelope.date, zone));
  add("Message-ID", envelope.message_id);
  add("Size", base::format_size(size_of(summary)));
  add("ID", held.message.object.hex());
  add("First seen", base::format_zoned(first.time, zone));
  add("Last seen", base::format_zoned(last.time, zone) + end_text(summary, zone));
  add("Snapshots", base::format_count(held.snapshots.size()));
  if (!summary.is_readable) text += "The message can't be read: see mailstow-backupd check.\n";
  std::vector<std::vector<std::string>> rows;
  const auto places = shown_part(held.places, options.limit);
  rows.reserve(places.size());
  for (const store::HeldPlace& place : places) {
    rows.push_back({shown_name(place.last, place.folder), std::to_string(place.entry.uid.value),
                    date_text(place.entry.internal_date, zone),
                    fmt::format("{}", fmt::join(place.entry.flags, " ")),
                    base::format_zoned(place.first.time, zone),
                    base::format_zoned(place.last.time, zone), base::format_count(place.snapshots),
                    folder_note(place.folder)});
  }
  text += "\n" + base::format_table({{"FOLDER", base::Align::kLeft, base::Width::kCut},
                                     {"UID", base::Align::kRight},
                                     {"RECEIVED"},
                                     {"FLAGS", base::Align::kLeft, base::Width::kCut},
                                     {"FIRST SEEN"},
                                     {"LAST SEEN"},
                                     {"SNAPSHOTS", base::Align::kRight},
                                     {"NOTE", base::Align::kLeft, base::Width::kCut}},
                                    rows, base::output_room());
  if (places.size() < held.places.size()) {
    text += fmt::format("{} of {} places are shown.\n", base::format_count(places.size()),
                        base::format_count(held.places.size()));
  }
  return text + fmt::format("To restore it: mailstow-restore run {} --message {} --at {}\n",
                            base::shell_quoted(options.account), id, base::shown_id(last.id.hex()));
}

}  // namespace

base::ExitStatus show(const base::Environment& environment, const ShowOptions& options) {
  if (options.raw && environment.format == base::OutputFormat::kJson) {
    base::fail(base::ErrorCode::kUsage, "--raw: it prints no JSON document: leave out --json");
  }
  if (options.raw) refuse_terminal();
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  const std::string& account = options.account;
  if (reader.snapshots(account).empty())
    choose_snapshot(environment, reader, account, "");  // fails
  if (options.raw) return show_raw(reader, options);
  const MessageSummary summary = summarize(reader, options);
  print(environment.format, to_json(summary, options),
        to_text(summary, options, environment.config.restore.time_zone));
  return summary.is_readable && summary.held.damage.empty() ? base::ExitStatus::kDone
                                                            : base::ExitStatus::kDamaged;
}

base::Command show_command() {
  const auto options = std::make_shared<ShowOptions>();
  return {.name = "show",
          .help = "Show a message: its headers, and where and when it was held; or its bytes",
          .declare =
              [options](base::Options& declared) {
                declared.argument("NAME", options->account, "The account").required();
                declared
                    .argument("MESSAGE", options->message,
                              "Its id as other commands print it, or the first digits")
                    .required();
                declared.flag("--raw", options->raw, "Print the message's bytes, exactly");
                declared
                    .value("--limit", options->limit, "N",
                           "List at most N places and, with --json, N snapshots: the newest")
                    .excludes("--raw");
              },
          .is_audited = base::always,
          .account = [options] { return options->account; },
          .function = [options](const auto& environment) { return show(environment, *options); }};
}

}  // namespace restore
