#include "backupd/account_roll.h"

#include <set>

#include <fmt/core.h>

#include "base/config/found_accounts.h"
#include "base/error.h"
#include "base/log.h"
#include "base/terminal.h"
#include "imap/account_discovery.h"

namespace backupd {

AccountRoll resolve_accounts(const base::Environment& environment) {
  AccountRoll roll;
  base::Config config = environment.config;
  std::erase_if(config.accounts, [](const base::AccountConfig& account) {
    return account.is_found;  // by an earlier discovery; the one below decides
  });
  const auto remembered = base::load_found_accounts(environment.files, config.store);
  base::FoundAccounts found;
  for (const auto& [name, server] : config.servers) {
    if (!server.discover) continue;
    try {
      found[name] = imap::discover_users(server, environment.files);
    } catch (const base::Error& error) {
      const auto last = remembered.find(name);
      if (last != remembered.end()) found[name] = last->second;
      roll.troubles.push_back(
          fmt::format("{}: {}: what was found last time is backed up instead: {}", name,
                      error.what(), base::format_count(found[name].size(), "account")));
    }
  }
  if (found != remembered) base::save_found_accounts(environment.files, config.store, found);
  for (std::string& clash : base::add_found_accounts(config, found)) {
    roll.troubles.push_back(std::move(clash));
  }
  for (const std::string& trouble : roll.troubles) base::log_error("{}", trouble);
  roll.accounts = std::move(config.accounts);
  return roll;
}

AccountRoll resolve_accounts(const base::Environment& environment,
                             const std::vector<std::string>& names) {
  AccountRoll roll;
  roll.accounts.reserve(names.size());
  for (const std::string& name : names) {
    roll.accounts.push_back(imap::find_account(environment.config, environment.files, name));
  }
  return roll;
}

std::vector<std::string> vanished_from(const AccountRoll& roll,
                                       const std::vector<std::string>& stored) {
  std::set<std::string> names;
  for (const base::AccountConfig& account : roll.accounts) names.insert(account.name);
  std::vector<std::string> vanished;
  for (const std::string& name : stored) {
    if (!names.contains(name)) vanished.push_back(name);
  }
  return vanished;
}

}  // namespace backupd
