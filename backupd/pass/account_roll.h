// Whose mail a pass backs up tonight: the accounts of the configuration and those that its servers
// discover.
#pragma once

#include <string>
#include <vector>

#include "base/program/program.h"

namespace backupd {

struct AccountRoll {
  std::vector<base::AccountConfig> accounts;
  std::vector<std::string> troubles;  // a line each: what kept an account from being found
};

// All of them, asked for now and remembered (base/config/found_accounts.h). Where a server's
// discovery fails, those that it found last time.
AccountRoll resolve_accounts(const base::Environment& environment);

// These alone. Fails with kUsage and the nearest name where there is none.
AccountRoll resolve_accounts(const base::Environment& environment,
                             const std::vector<std::string>& names);

// Accounts that the store knows and the roll does not: they are kept, and somebody should know.
std::vector<std::string> vanished_from(const AccountRoll& roll,
                                       const std::vector<std::string>& stored);

}  // namespace backupd
