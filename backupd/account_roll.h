// The accounts of a pass: those of the configuration and those that its servers discover.
#pragma once

#include <string>
#include <vector>

#include "base/program/program.h"

namespace backupd {

struct AccountRoll {
  std::vector<base::AccountConfig> accounts;
  std::vector<std::string> troubles;  // one line each: why accounts could not be discovered
};

// Returns all accounts, discovered now and remembered (base/config/found_accounts.h). If a server's
// discovery fails, the accounts found last time take their place.
AccountRoll resolve_accounts(const base::Environment& environment);

// Returns only these accounts. Fails with kUsage, suggesting the nearest name, if one is unknown.
AccountRoll resolve_accounts(const base::Environment& environment,
                             const std::vector<std::string>& names);

// Returns the accounts that are in the store but not in the roll: they are kept, and reported.
std::vector<std::string> vanished_from(const AccountRoll& roll,
                                       const std::vector<std::string>& stored);

}  // namespace backupd
