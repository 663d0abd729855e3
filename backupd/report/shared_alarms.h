// Alarms that accounts have in common: a server that is down must not give a line for each of its
// accounts.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "backupd/report/alarms.h"

namespace backupd {

struct AccountAlarm {
  std::string account;
  Alarm alarm;
};

struct SharedAlarm {
  AlarmKind kind = AlarmKind::kStale;
  std::string text;
  std::vector<std::string> accounts;  // in the order of the alarms
};

// Alarms with the same text become one, in the order of the first of each. The result has at most
// `most` alarms, or two of each kind if that is more, since the times in the texts may differ from
// account to account: accounts with further texts follow as one alarm of each kind, whose text
// names the command for the others. No kind pushes out another one.
std::vector<SharedAlarm> shared_alarms(std::span<const AccountAlarm> alarms, std::size_t most);

// A few of the alarm's accounts, escaped, and where the others are found.
std::string names_of_accounts(const SharedAlarm& alarm);

}  // namespace backupd
