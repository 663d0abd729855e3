#include <memory>
#include <set>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/glob.h"
#include "base/id_text.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/moment.h"
#include "restore/output.h"
#include "restore/shell_quote.h"
#include "store/format/location.h"
#include "store/history.h"

namespace restore {

namespace {

constexpr std::size_t kMaxNamedMessages = 8;  // in one command

// What vanished from one folder between two snapshots.
struct Burst {
  store::SnapshotInfo before;
  store::SnapshotInfo after;
  std::string folder;  // shown, as `before` has it
  bool is_whole_folder = false;
  std::vector<store::HeldMessage> messages;
  std::uint64_t bytes = 0;
  std::size_t elsewhere = 0;  // of the messages, those that the newest snapshot has in any folder
};

// Finds the folder in the earlier snapshot: the change has only the new name of a renamed folder.
store::FolderRecord folder_before(store::Reader& reader, const store::FolderChange& change) {
  std::vector<store::FolderRecord> folders = reader.folders(change.before);
  const store::FolderInfo& now = change.folder;
  for (store::FolderRecord& folder : folders) {
    const bool is_it = change.fate != store::FolderFate::kRenamed
                           ? folder.info.raw_name == now.raw_name
                           : (now.mailbox_id.empty() ? folder.info.uid_validity == now.uid_validity
                                                     : folder.info.mailbox_id == now.mailbox_id);
    if (is_it) return std::move(folder);
  }
  store::FolderRecord unknown;
  unknown.info = now;
  return unknown;
}

std::vector<Burst> find_bursts(store::Reader& reader, const std::string& account,
                               const std::optional<store::SnapshotInfo>& start) {
  std::vector<Burst> bursts;
  std::set<store::MessageId> ids;
  store::for_each_change(reader, account, start, [&](const store::FolderChange& change) {
    if (change.vanished.empty()) return;
    const store::FolderRecord folder = folder_before(reader, change);
    Burst burst{.before = change.before,
                .after = change.after,
                .folder = shown_name(change.before, folder.info),
                .is_whole_folder = folder.receipt.messages == change.vanished.size(),
                .messages = change.vanished};
    for (const store::HeldMessage& message : burst.messages) {
      burst.bytes += message.size;
      ids.insert(message.message);
    }
    bursts.push_back(std::move(burst));
  });
  const auto newest = reader.newest_snapshot(account, std::nullopt);
  if (!newest) return bursts;
  const std::set<store::MessageId> held = store::held_anywhere(reader, *newest, ids);
  for (Burst& burst : bursts) {
    for (const store::HeldMessage& message : burst.messages) {
      if (held.contains(message.message)) ++burst.elsewhere;
    }
  }
  return bursts;
}

std::string command_for(const Burst& burst) {
  std::string command = fmt::format(
      "mailstow-restore run {} --at {} --folder={}", shell_quoted(burst.before.account),
      base::shown_id(burst.before.id.hex()), shell_quoted(base::glob_for(burst.folder)));
  if (burst.is_whole_folder) return command;
  if (burst.messages.size() > kMaxNamedMessages) return command + " --missing";
  for (const store::HeldMessage& message : burst.messages) {
    command += " --message " + base::shown_id(message.message.object.hex());
  }
  return command;
}

std::string to_text(const Burst& burst, const std::string& zone) {
  std::string text = fmt::format(
      "{}: {} message{} from {} ({}), last seen {}", base::format_zoned(burst.after.time, zone),
      base::format_count(burst.messages.size()), burst.messages.size() == 1 ? "" : "s",
      base::escape_for_terminal(burst.folder), base::format_size(burst.bytes),
      base::format_zoned(burst.before.time, zone));
  if (burst.elsewhere > 0) {
    text += fmt::format("; {} of them now elsewhere", base::format_count(burst.elsewhere));
  }
  return text + "\n    " + command_for(burst) + "\n";
}

std::string to_text(const std::vector<Burst>& bursts, const std::string& zone) {
  std::string text;
  std::size_t moved = 0;
  for (const Burst& burst : bursts) {
    if (burst.elsewhere == burst.messages.size()) {
      moved += burst.messages.size();
    } else {
      text += to_text(burst, zone);
    }
  }
  if (text.empty()) text = "Nothing vanished.\n";
  if (moved > 0) {
    text += fmt::format("Not shown: {} that left a folder and are now elsewhere.\n",
                        base::format_count(moved));
  }
  return text;
}

nlohmann::ordered_json to_json(const Burst& burst) {
  auto messages = nlohmann::ordered_json::array();
  for (const store::HeldMessage& message : burst.messages) {
    messages.push_back({{"uid", message.uid.value},
                        {"message", message.message.object.hex()},
                        {"internal_date", base::format_rfc3339(message.internal_date.instant)},
                        {"size", message.size}});
  }
  return {{"folder", burst.folder},
          {"time", base::format_rfc3339(burst.after.time)},
          {"last_seen", base::format_rfc3339(burst.before.time)},
          {"snapshot", burst.before.id.hex()},
          {"whole_folder", burst.is_whole_folder},
          {"bytes", burst.bytes},
          {"elsewhere", burst.elsewhere},
          {"command", command_for(burst)},
          {"messages", std::move(messages)}};
}

}  // namespace

base::ExitStatus vanished(const base::Environment& environment, const std::string& account,
                          const std::string& since) {
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  choose_snapshot(environment, reader, account, "");  // fails if the account has no snapshot
  std::optional<store::SnapshotInfo> start;
  if (!since.empty()) start = start_of_history(environment, reader, account, since);
  const auto bursts = find_bursts(reader, account, start);
  auto documents = nlohmann::ordered_json::array();
  for (const Burst& burst : bursts) documents.push_back(to_json(burst));
  print(environment.format, {{"account", account}, {"bursts", std::move(documents)}},
        to_text(bursts, environment.config.restore.time_zone));
  return base::ExitStatus::kDone;
}

base::Command vanished_command() {
  struct Arguments {
    std::string account;
    std::string since;
  };
  const auto given = std::make_shared<Arguments>();
  return {.name = "vanished",
          .help = "Show what disappeared from an account, and how to bring it back",
          .declare =
              [given](base::Options& declared) {
                declared.argument("NAME", given->account, "The account").required();
                declared.value(
                    "--since", given->since, "TIME",
                    "From this time on, as 2026-11-24, yesterday, monday or '3 days ago'; or "
                    "from a snapshot's id on");
              },
          .is_audited = base::always,
          .account = [given] { return given->account; },
          .function =
              [given](const auto& environment) {
                return vanished(environment, given->account, given->since);
              }};
}

}  // namespace restore
