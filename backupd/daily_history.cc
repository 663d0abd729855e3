#include "backupd/daily_history.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace backupd {

namespace {

using nlohmann::ordered_json;

struct Held {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
};

std::string shown_day(const BackupDay& day) {
  constexpr std::size_t kDate = 10;  // 2026-11-24
  return base::format_rfc3339(day.day).substr(0, kDate);
}

ordered_json to_json(const BackupDay& day) {
  return {{"day", shown_day(day)},    {"backups", day.backups},   {"incomplete", day.incomplete},
          {"failed", day.failed},     {"vanished", day.vanished}, {"accounts", day.accounts},
          {"messages", day.messages}, {"bytes", day.bytes}};
}

std::string to_text(const std::vector<BackupDay>& history, const base::Page& page) {
  if (history.empty()) return base::text_without_rows(page, "There are no backups yet.\n");
  std::vector<std::vector<std::string>> rows;
  rows.reserve(history.size());
  for (const BackupDay& day : history) {
    rows.push_back({shown_day(day), base::format_count(day.backups),
                    base::format_count(day.incomplete), base::format_count(day.failed),
                    base::format_count(day.vanished), base::format_count(day.accounts),
                    base::format_count(day.messages), base::format_size(day.bytes)});
  }
  return base::format_table({{"DAY (UTC)"},
                             {"BACKUPS", base::Align::kRight},
                             {"INCOMPLETE", base::Align::kRight},
                             {"FAILED", base::Align::kRight},
                             {"VANISHED", base::Align::kRight},
                             {"ACCOUNTS", base::Align::kRight},
                             {"MESSAGES", base::Align::kRight},
                             {"SIZE", base::Align::kRight}},
                            rows, base::output_room());
}

}  // namespace

std::vector<BackupDay> days_of(std::vector<AccountBackup> backups) {
  std::ranges::stable_sort(backups, {}, &AccountBackup::time);
  std::vector<BackupDay> history;
  std::map<std::string, Held> newest;  // by account
  BackupDay sum;                       // of `newest`
  for (const AccountBackup& backup : backups) {
    const auto day = std::chrono::floor<std::chrono::days>(backup.time);
    if (history.empty() || history.back().day != day) history.push_back({.day = day});
    BackupDay& today = history.back();
    if (backup.outcome == BackupOutcome::kFailed) {
      ++today.failed;
    } else {
      ++today.backups;
      if (backup.outcome == BackupOutcome::kIncomplete) ++today.incomplete;
      today.vanished += backup.vanished;
      Held& held = newest[backup.account];
      sum.messages +=
          backup.messages - held.messages;  // unsigned: a decrease wraps around and back
      sum.bytes += backup.bytes - held.bytes;
      held = {.messages = backup.messages, .bytes = backup.bytes};
    }
    today.accounts = newest.size();
    today.messages = sum.messages;
    today.bytes = sum.bytes;
  }
  std::ranges::reverse(history);
  return history;
}

base::ExitStatus print_days(const base::Environment& environment, const std::string& account,
                            std::vector<BackupDay> history, const base::Page& page) {
  base::Page shown = page;
  if (shown.limit == 0) shown.limit = kMaxDays;
  const auto next = base::cut_to_page(history, shown, shown_day);
  auto documents = ordered_json::array();
  for (const BackupDay& day : history) documents.push_back(to_json(day));
  const ordered_json document = {
      {"account", account.empty() ? ordered_json() : ordered_json(account)},
      {"days", std::move(documents)},
      {"next", base::next_in_json(next)}};
  base::print_result(environment.format, base::json_text(document),
                     to_text(history, page) + base::next_page_text(next));
  return base::ExitStatus::kDone;
}

}  // namespace backupd
