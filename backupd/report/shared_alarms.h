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

// Alarms with the same text become one, in the order of the first of each. Of a kind, at most
// `most` different texts are kept, since the times in them may differ from account to account: the
// accounts with other texts follow as one alarm of that kind, whose text names the command for the
// others.
std::vector<SharedAlarm> shared_alarms(std::span<const AccountAlarm> alarms, std::size_t most);

}  // namespace backupd
