#include "backupd/report/common_cause.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include <fmt/format.h>

#include "backupd/report/cause_groups.h"
#include "base/terminal.h"

namespace backupd {

namespace {

constexpr std::size_t kMinAccounts = 4;  // fewer are listed one by one, if there is room
constexpr std::size_t kMaxNames = 3;
constexpr std::size_t kMaxAlarms = 2;  // different ones of one cause

}  // namespace

CommonCauses::CommonCauses(const std::vector<FailedAccount>& failed, std::string_view see_rest)
    : see_rest_(see_rest) {
  std::vector<Cause> causes = causes_of(failed);
  const auto is_common = [](const Cause& cause) { return cause.accounts.size() >= kMinAccounts; };
  std::size_t lines = 0;
  for (const Cause& cause : causes) {
    if (is_common(cause)) {
      lines += lines_of(cause).size();
      continue;
    }
    lines += 2 * cause.accounts.size();
    for (const auto& [alarm, count] : cause.alarms) lines += count;
  }
  if (lines <= kMaxLines) std::erase_if(causes, std::not_fn(is_common));
  report(causes);
}

std::vector<CommonCauses::Cause> CommonCauses::causes_of(const std::vector<FailedAccount>& failed) {
  CauseGroups groups;
  std::vector<Cause> causes;
  for (const FailedAccount& account : failed) {
    const std::size_t number = groups.number_of(account.error, {account.account, account.user});
    if (number == causes.size()) causes.emplace_back().error = account.error;
    Cause& cause = causes[number];
    cause.has_other_texts = cause.has_other_texts || account.error != cause.error;
    cause.accounts.push_back(account.account);
    for (const std::string& alarm : account.alarms) ++cause.alarms[alarm];
    if (!account.alarms.empty()) ++cause.alarmed;
  }
  std::ranges::stable_sort(causes, std::ranges::greater{},
                           [](const Cause& cause) { return cause.accounts.size(); });
  return causes;
}

std::string CommonCauses::names_of(const std::vector<std::string>& accounts,
                                   std::string_view see_rest) {
  std::string names;
  for (std::size_t at = 0; at < std::min(accounts.size(), kMaxNames); ++at) {
    names += (at == 0 ? "" : ", ") + base::escape_for_terminal(accounts[at]);
  }
  if (accounts.size() > kMaxNames) {
    names += fmt::format(" and {} more", base::format_count(accounts.size() - kMaxNames));
    if (!see_rest.empty()) names += fmt::format(" ({})", see_rest);
  }
  return names;
}

std::vector<std::string> CommonCauses::lines_of(const Cause& cause) const {
  const std::string error = base::escape_for_terminal(cause.error);
  const std::string first = base::escape_for_terminal(cause.accounts.front());
  std::vector<std::string> lines;
  if (cause.accounts.size() == 1) {
    lines.push_back(fmt::format("{}: not backed up: {}", first, error));
  } else {
    lines.push_back(fmt::format("{} accounts are not backed up{}: {}",
                                base::format_count(cause.accounts.size()),
                                cause.has_other_texts ? ", for example " + first : "", error));
    lines.push_back("  " + names_of(cause.accounts, see_rest_));
  }
  std::ranges::move(alarm_lines_of(cause), std::back_inserter(lines));
  return lines;
}

std::vector<std::string> CommonCauses::alarm_lines_of(const Cause& cause) {
  std::vector<std::string> lines;
  std::size_t others = 0;
  for (const auto& [alarm, count] : cause.alarms) {
    if (lines.size() == kMaxAlarms) {
      others += count;
      continue;
    }
    const std::string of =
        cause.accounts.size() == 1 ? "" : fmt::format(" for {} of them", base::format_count(count));
    lines.push_back(fmt::format("  ALARM{}: {}", of, base::escape_for_terminal(alarm)));
  }
  if (others > 0) {
    lines.push_back(
        fmt::format("  and {}: {}", base::format_count(others, "more alarm"), kSeeStatus));
  }
  return lines;
}

void CommonCauses::report(const std::vector<Cause>& causes) {
  std::vector<std::string> left_out;
  std::size_t alarmed = 0;
  for (const Cause& cause : causes) {
    covered_.insert(cause.accounts.begin(), cause.accounts.end());
    const std::vector<std::string> more = lines_of(cause);
    // The line for what is left out needs room, unless nothing is.
    const bool is_all = left_out.empty() && &cause == &causes.back();
    if (lines_.size() + more.size() + (is_all ? 0 : 1) > kMaxLines) {
      left_out.insert(left_out.end(), cause.accounts.begin(), cause.accounts.end());
      alarmed += cause.alarmed;
    } else {
      lines_.insert(lines_.end(), more.begin(), more.end());
    }
  }
  if (left_out.empty()) return;
  const std::string alarm =
      alarmed == 0 ? "" : fmt::format(", ALARM for {} of them", base::format_count(alarmed));
  lines_.push_back(fmt::format("not backed up for other reasons: {}{}: {}", names_of(left_out, ""),
                               alarm, see_rest_));
}

}  // namespace backupd
