#include "backupd/report/shared_alarms.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "backupd/report/common_cause.h"

namespace backupd {

namespace {

constexpr const char* kOtherTexts =
    "an alarm of the same kind: `mailstow-backupd status --json` has its text for each account";

// How many different texts of each kind are kept, besides one for the rest of the kind.
std::size_t texts_of_a_kind(std::span<const AccountAlarm> alarms, std::size_t most) {
  std::map<AlarmKind, std::set<std::string_view>> texts;
  for (const AccountAlarm& raised : alarms) texts[raised.alarm.kind].insert(raised.alarm.text);
  const auto lines_with = [&](std::size_t kept) {
    std::size_t lines = 0;
    for (const auto& [kind, of_kind] : texts) lines += std::min(of_kind.size(), kept + 1);
    return lines;
  };
  std::size_t kept = 1;
  while (kept < most && lines_with(kept + 1) <= most) ++kept;
  return kept;
}

}  // namespace

std::vector<SharedAlarm> shared_alarms(std::span<const AccountAlarm> alarms, std::size_t most) {
  const std::size_t kept = texts_of_a_kind(alarms, most);
  std::vector<SharedAlarm> shared;
  std::map<std::pair<AlarmKind, std::string>, std::size_t> places;
  std::map<AlarmKind, std::size_t> texts;
  std::map<AlarmKind, SharedAlarm> others;
  for (const auto& [account, alarm] : alarms) {
    const auto known = places.find({alarm.kind, alarm.text});
    if (known != places.end()) {
      shared[known->second].accounts.push_back(account);
    } else if (texts[alarm.kind] < kept) {
      ++texts[alarm.kind];
      places[{alarm.kind, alarm.text}] = shared.size();
      shared.push_back({.kind = alarm.kind, .text = alarm.text, .accounts = {account}});
    } else {
      SharedAlarm& rest = others[alarm.kind];
      const bool is_same = rest.accounts.empty() || rest.text == alarm.text;
      rest.kind = alarm.kind;
      rest.text = is_same ? alarm.text : kOtherTexts;
      rest.accounts.push_back(account);
    }
  }
  for (auto& [kind, rest] : others) shared.push_back(std::move(rest));
  return shared;
}

std::string names_of_accounts(const SharedAlarm& alarm) {
  // This text names the command by itself.
  return CommonCauses::names_of(alarm.accounts, alarm.text == kOtherTexts ? "" : kSeeStatus);
}

}  // namespace backupd
