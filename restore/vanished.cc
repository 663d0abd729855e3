#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/glob.h"
#include "base/id_text.h"
#include "base/log.h"
#include "base/program/pager.h"
#include "base/shell_quote.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/moment.h"
#include "restore/output.h"
#include "store/content_holders.h"
#include "store/format/location.h"
#include "store/history.h"

namespace restore {

namespace {

constexpr std::size_t kMaxNamedMessages = 8;  // in one command

// The messages that vanished from one folder between two snapshots.
struct Burst {
  store::SnapshotInfo before;
  store::SnapshotInfo after;
  std::string folder;  // shown, as `before` has it
  bool is_whole_folder = false;
  std::vector<store::HeldMessage> messages;
  std::uint64_t bytes = 0;
  std::size_t elsewhere = 0;  // of the messages, those that the newest snapshot has in any folder
  std::size_t replaced = 0;   // of the messages, those whose UIDs other messages have in `after`
  bool is_past = false;       // in the store as of an earlier commit
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

std::size_t count_replaced(const store::FolderChange& change) {
  if (change.fate == store::FolderFate::kRegenerated) return 0;  // the UIDs mean something else
  std::set<base::Uid> uids;
  for (const store::HeldMessage& message : change.appeared) uids.insert(message.uid);
  return static_cast<std::size_t>(std::ranges::count_if(
      change.vanished,
      [&](const store::HeldMessage& message) { return uids.contains(message.uid); }));
}

std::vector<Burst> find_bursts(store::Reader& reader, const std::string& account,
                               const std::optional<ChosenSnapshot>& chosen) {
  std::vector<Burst> bursts;
  std::set<store::Sha256> digests;
  std::optional<store::SnapshotInfo> start;
  if (chosen) start = chosen->snapshot;
  store::for_each_change(reader, account, start, [&](const store::FolderChange& change) {
    if (change.vanished.empty()) return;
    const store::FolderRecord folder = folder_before(reader, change);
    Burst burst{.before = change.before,
                .after = change.after,
                .folder = shown_name(change.before, folder.info),
                .is_whole_folder = folder.receipt.messages == change.vanished.size(),
                .messages = change.vanished,
                .replaced = count_replaced(change)};
    for (const store::HeldMessage& message : burst.messages) {
      burst.bytes += message.size;
      digests.insert(message.digest);
    }
    bursts.push_back(std::move(burst));
  });
  const auto newest = reader.newest_snapshot(account, std::nullopt);
  if (!newest) return bursts;
  std::set<store::Sha256> held;
  store::for_each_holder(reader, *newest, digests,
                         [&](const store::FolderRecord&, const std::set<store::Sha256>& here) {
                           held.insert(here.begin(), here.end());
                         });
  for (Burst& burst : bursts) {
    for (const store::HeldMessage& message : burst.messages) {
      if (held.contains(message.digest)) ++burst.elsewhere;
    }
  }
  return bursts;
}

std::string command_for(const Burst& burst) {
  std::string command = fmt::format(
      "mailstow-restore run {} --at {} --folder={}", base::shell_quoted(burst.before.account),
      base::shown_id(burst.before.id.hex()), base::shell_quoted(base::glob_for(burst.folder)));
  if (burst.is_whole_folder) return command;
  if (burst.messages.size() > kMaxNamedMessages) {
    // As of an earlier commit, there is no backup taken now to compare with.
    return burst.is_past ? command : command + " --missing";
  }
  for (const store::HeldMessage& message : burst.messages) {
    command += " --message " + base::shown_id(message.message.object.hex());
  }
  return command;
}

std::string to_text(const Burst& burst, const std::string& zone) {
  std::string text = fmt::format(
      "{}: {} from {} ({}), last seen {}", base::format_zoned(burst.after.time, zone),
      base::format_count(burst.messages.size(), "message"), base::escape_for_terminal(burst.folder),
      base::format_size(burst.bytes), base::format_zoned(burst.before.time, zone));
  if (burst.elsewhere > 0) {
    text += fmt::format("; {} of them now elsewhere", base::format_count(burst.elsewhere));
  }
  if (burst.replaced > 0) {
    text += fmt::format("; {} of them replaced by others with the same UIDs",
                        base::format_count(burst.replaced));
  }
  return text + "\n    " + command_for(burst) + "\n";
}

// Two folders of one name can't vanish between the same two snapshots.
std::string cursor_of_burst(const Burst& burst) {
  return burst.before.id.hex().substr(0, 16) + "." + burst.after.id.hex().substr(0, 16) + "." +
         burst.folder;
}

std::string to_text(const std::vector<Burst>& bursts, const Page& page, const std::string& zone) {
  std::string text;
  std::size_t moved = 0;
  for (const Burst& burst : bursts) {
    if (burst.elsewhere == burst.messages.size()) {
      moved += burst.messages.size();
    } else {
      text += to_text(burst, zone);
    }
  }
  if (bursts.empty()) return text_without_rows(page, "Nothing vanished.\n");
  if (text.empty()) text = "Nothing vanished.\n";
  if (moved > 0) {
    text += fmt::format("Not shown: {} that left a folder and are now elsewhere.\n",
                        base::format_count(moved));
  }
  return text;
}

nlohmann::ordered_json to_json(const store::HeldMessage& message) {
  return {{"uid", message.uid.value},
          {"message", message.message.object.hex()},
          {"internal_date", date_json(message.internal_date)},
          {"size", message.size}};
}

// Without its messages.
nlohmann::ordered_json to_json(const Burst& burst) {
  return {{"folder", burst.folder},
          {"time", base::format_rfc3339(burst.after.time)},
          {"last_seen", base::format_rfc3339(burst.before.time)},
          {"snapshot", burst.before.id.hex()},
          {"gone_in", burst.after.id.hex()},
          {"count", burst.messages.size()},
          {"whole_folder", burst.is_whole_folder},
          {"bytes", burst.bytes},
          {"elsewhere", burst.elsewhere},
          {"replaced", burst.replaced},
          {"command", command_for(burst)}};
}

// One account's line in the list of all accounts.
struct Summary {
  std::string account;
  std::uint64_t messages = 0;  // that are nowhere in the account now
  std::uint64_t elsewhere = 0;
  std::set<std::string> folders;  // that the messages left
  std::optional<std::chrono::sys_seconds> last;
  std::vector<store::SnapshotInfo> passed_over = {};  // as in ChosenSnapshot, by --since
};

Summary summary_of(const std::string& account, const std::vector<Burst>& bursts) {
  Summary summary{.account = account, .folders = {}, .last = {}};
  for (const Burst& burst : bursts) {
    summary.elsewhere += burst.elsewhere;
    const std::uint64_t gone = burst.messages.size() - burst.elsewhere;
    if (gone == 0) continue;
    summary.messages += gone;
    summary.folders.insert(burst.folder);
    summary.last = burst.after.time;
  }
  return summary;
}

std::string to_text(const std::vector<Summary>& summaries) {
  std::vector<std::vector<std::string>> rows;
  for (const Summary& summary : summaries) {
    if (summary.messages == 0) continue;
    rows.push_back({summary.account, base::format_count(summary.messages),
                    base::format_count(summary.folders.size()), base::shown_time(*summary.last)});
  }
  const std::size_t quiet = summaries.size() - rows.size();
  std::string text;
  if (!rows.empty()) {
    text = base::format_table({{"ACCOUNT", base::Align::kLeft, base::Width::kCut},
                               {"MESSAGES", base::Align::kRight},
                               {"FOLDERS", base::Align::kRight},
                               {"LAST"}},
                              rows, base::output_room());
  }
  if (quiet > 0) {
    text += fmt::format("Nothing vanished from {}{}.\n", rows.empty() ? "" : "the other ",
                        base::format_count(quiet, "account"));
  }
  return text;
}

nlohmann::ordered_json to_json(const std::vector<Summary>& summaries) {
  auto accounts = nlohmann::ordered_json::array();
  for (const Summary& summary : summaries) {
    accounts.push_back({{"account", summary.account},
                        {"messages", summary.messages},
                        {"folders", summary.folders.size()},
                        {"elsewhere", summary.elsewhere},
                        {"last", nullptr},
                        {"passed_over", passed_over_json(summary.passed_over)}});
    if (summary.last) accounts.back()["last"] = base::format_rfc3339(*summary.last);
  }
  return accounts;
}

void refuse_future(const base::Environment& environment, const std::string& since,
                   std::chrono::sys_seconds time) {
  if (time <= environment.clock.now_seconds()) return;
  base::fail(base::ErrorCode::kUsage, "--since {}: that is in the future",
             base::escape_for_terminal(since));
}

// One account that can't be read hides no other.
base::ExitStatus vanished_everywhere(const base::Environment& environment, store::Reader& reader,
                                     const std::string& since) {
  std::optional<std::chrono::sys_seconds> time;
  if (!since.empty()) {
    time = base::parse_time(since, environment.config.restore.time_zone,
                            environment.clock.now_seconds());
    refuse_future(environment, since, *time);
  }
  std::vector<Summary> summaries;
  auto damage = nlohmann::ordered_json::array();
  for (const std::string& account : reader.accounts()) {
    try {
      std::optional<ChosenSnapshot> start;
      if (time) start = snapshot_before(environment, reader, account, *time);
      summaries.push_back(summary_of(account, find_bursts(reader, account, start)));
      if (start) summaries.back().passed_over = std::move(start->passed_over);
    } catch (const base::Error& error) {
      if (!base::is_unreadable(error.code())) throw;
      base::log_error("account {}: {}", base::escape_for_terminal(account), error.what());
      damage.push_back({{"account", account}, {"why", error.what()}});
    }
  }
  const bool is_whole = damage.empty();
  print(environment.format, {{"accounts", to_json(summaries)}, {"damage", std::move(damage)}},
        is_whole && summaries.empty() ? "The store has no snapshots.\n" : to_text(summaries));
  return is_whole ? base::ExitStatus::kDone : base::ExitStatus::kPartial;
}

}  // namespace

base::ExitStatus vanished(const base::Environment& environment, const VanishedOptions& options) {
  if (options.account.empty() != options.all) {
    base::fail(base::ErrorCode::kUsage,
               "vanished: give the NAME of an account, or --all for one line for each");
  }
  if (options.all && (options.page.limit > 0 || !options.page.after.empty())) {
    base::fail(base::ErrorCode::kUsage, "vanished: --all has no pages: leave out --limit, --after");
  }
  if (options.all && options.messages) {
    base::fail(base::ErrorCode::kUsage, "vanished: --all lists no messages: leave out --messages");
  }
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  if (options.all) return vanished_everywhere(environment, reader, options.since);
  const std::string& account = options.account;
  choose_snapshot(environment, reader, account, "");  // fails if the account has no snapshot
  std::optional<ChosenSnapshot> start;
  if (const std::string& since = options.since; !since.empty()) {
    // A snapshot may be dated in the future, and is named by its id.
    if (!base::begins_an_id(since)) {
      refuse_future(environment, since, parse_moment(environment, reader, account, since));
    }
    start = start_of_history(environment, reader, account, since);
  }
  auto bursts = find_bursts(reader, account, start);
  for (Burst& burst : bursts) burst.is_past = !environment.config.store.as_of.empty();
  const auto next = cut_to_page(bursts, options.page, cursor_of_burst);
  if (environment.format == base::OutputFormat::kJson) {
    nlohmann::ordered_json head = {{"account", account}};
    head["passed_over"] =
        passed_over_json(start ? start->passed_over : std::vector<store::SnapshotInfo>());
    DocumentStream document(head, "bursts");
    for (const Burst& burst : bursts) {
      const std::size_t listed =
          std::min<std::size_t>(burst.messages.size(), options.messages.value_or(UINT32_MAX));
      document.add(to_json(burst), "messages", listed,
                   [&](std::size_t at) { return to_json(burst.messages[at]); });
    }
    document.end({{"next", next_in_json(next)}});
    return base::ExitStatus::kDone;
  }
  print_text(to_text(bursts, options.page, environment.config.restore.time_zone) +
             next_page_text(next));
  return base::ExitStatus::kDone;
}

base::Command vanished_command() {
  const auto options = std::make_shared<VanishedOptions>();
  return {
      .name = "vanished",
      .help = "Show what disappeared from an account, and how to restore it",
      .declare =
          [options](base::Options& declared) {
            declared.argument("NAME", options->account, "The account");
            declared
                .flag("--all", options->all,
                      "Every account that has a snapshot, one line each, instead of one account")
                .excludes("NAME");
            declared.value(
                "--since", options->since, "TIME",
                "From this time on, as 2026-11-24, yesterday, monday or '3 days ago'; or "
                "from a snapshot's id on");
            declare_page(declared, options->page, "CURSOR",
                         "Continue after this entry, as the last page names it");
            declared.value("--messages", options->messages, "N",
                           "With --json: list at most N messages of each burst");
          },
      .is_audited = base::always,
      .account = [options] { return options->account; },
      .function = [options](const auto& environment) { return vanished(environment, *options); }};
}

}  // namespace restore
