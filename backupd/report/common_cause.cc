#include "backupd/report/common_cause.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/terminal.h"

namespace backupd {

namespace {

constexpr std::size_t kMinAccounts = 4;  // fewer are listed one by one
constexpr std::size_t kMaxNames = 3;
constexpr std::size_t kMaxAlarms = 2;  // different ones of one cause

}  // namespace

CommonCauses::CommonCauses(const std::vector<FailedAccount>& failed) {
  for (const FailedAccount& account : failed) {
    Cause& cause = causes_[account.error];
    cause.accounts.push_back(account.account);
    for (const std::string& alarm : account.alarms) ++cause.alarms[alarm];
    if (!account.alarms.empty()) ++cause.alarmed;
  }
  std::erase_if(causes_,
                [](const auto& entry) { return entry.second.accounts.size() < kMinAccounts; });
  for (const auto& [error, cause] : causes_) {
    covered_.insert(cause.accounts.begin(), cause.accounts.end());
  }
}

std::string CommonCauses::names_of(const std::vector<std::string>& accounts) {
  std::string names;
  for (std::size_t at = 0; at < std::min(accounts.size(), kMaxNames); ++at) {
    names += (at == 0 ? "" : ", ") + base::escape_for_terminal(accounts[at]);
  }
  if (accounts.size() > kMaxNames) {
    names += fmt::format(" and {} more", base::format_count(accounts.size() - kMaxNames));
  }
  return names;
}

std::vector<std::string> CommonCauses::lines_of(const std::string& error, const Cause& cause) {
  std::vector<std::string> lines = {fmt::format("{} accounts are not backed up: {}",
                                                base::format_count(cause.accounts.size()),
                                                base::escape_for_terminal(error))};
  lines.push_back("  " + names_of(cause.accounts));
  std::size_t shown = 0;
  std::size_t others = 0;
  for (const auto& [alarm, count] : cause.alarms) {
    if (shown < kMaxAlarms) {
      lines.push_back(fmt::format("  ALARM for {} of them: {}", base::format_count(count),
                                  base::escape_for_terminal(alarm)));
      ++shown;
    } else {
      others += count;
    }
  }
  if (others > 0) {
    lines.push_back(fmt::format("  and {}: see `mailstow-backupd status --json`",
                                base::format_count(others, "more alarm")));
  }
  return lines;
}

std::vector<std::string> CommonCauses::lines() const {
  std::vector<std::string> lines;
  std::size_t left_out = 0;
  std::size_t alarmed = 0;
  for (const auto& [error, cause] : causes_) {
    const std::vector<std::string> more = lines_of(error, cause);
    if (lines.size() + more.size() >= kMaxLines) {
      left_out += cause.accounts.size();
      alarmed += cause.alarmed;
    } else {
      lines.insert(lines.end(), more.begin(), more.end());
    }
  }
  if (left_out > 0) {
    const std::string alarm =
        alarmed == 0 ? "" : fmt::format(", ALARM for {} of them", base::format_count(alarmed));
    lines.push_back(fmt::format("not backed up for other reasons: {}{}: see the JSON report",
                                base::format_count(left_out, "more account"), alarm));
  }
  return lines;
}

}  // namespace backupd
