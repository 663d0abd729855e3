#include "backupd/report/shared_alarms.h"

#include <algorithm>
#include <map>
#include <utility>

namespace backupd {

namespace {

constexpr const char* kOtherTexts =
    "an alarm of the same kind: `mailstow-backupd status --json` has its text for each account";

}  // namespace

std::vector<SharedAlarm> shared_alarms(std::span<const AccountAlarm> alarms, std::size_t most) {
  std::vector<SharedAlarm> shared;
  std::map<std::pair<AlarmKind, std::string>, std::size_t> places;
  std::map<AlarmKind, std::size_t> texts;
  std::map<AlarmKind, SharedAlarm> others;
  for (const auto& [account, alarm] : alarms) {
    const auto known = places.find({alarm.kind, alarm.text});
    if (known != places.end()) {
      shared[known->second].accounts.push_back(account);
    } else if (texts[alarm.kind] < most) {
      ++texts[alarm.kind];
      places[{alarm.kind, alarm.text}] = shared.size();
      shared.push_back({.kind = alarm.kind, .text = alarm.text, .accounts = {account}});
    } else {
      SharedAlarm& rest = others[alarm.kind];
      rest.kind = alarm.kind;
      rest.text = kOtherTexts;
      rest.accounts.push_back(account);
    }
  }
  for (auto& [kind, rest] : others) shared.push_back(std::move(rest));
  return shared;
}

}  // namespace backupd
