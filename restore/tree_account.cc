#include "restore/tree_account.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.h"
#include "base/terminal.h"
#include "imap/account_discovery.h"

namespace restore {

namespace {

// Older records have no user name.
const std::string& user_in(const store::TreeRecord& record) {
  return record.user.empty() ? record.account : record.user;
}

// Finds an account of another name that is configured for the same user; nullptr if not found.
const base::AccountConfig* account_of_same_user(const base::Config& config,
                                                const store::TreeRecord& record) {
  const auto same = std::ranges::find_if(config.accounts, [&](const base::AccountConfig& account) {
    return account.server == record.server && account.user == user_in(record);
  });
  return same == config.accounts.end() ? nullptr : &*same;
}

}  // namespace

TreeAccount find_tree_account(const base::Config& config, base::FileSystem& files,
                              const store::TreeRecord& record) {
  try {
    return {imap::find_account(config, files, record.account), false, ""};
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kUsage) throw;
  }
  TreeAccount tree_account;
  tree_account.has_left = true;
  const std::string& user = user_in(record);
  tree_account.account.name = record.account;
  tree_account.account.user = user;
  const auto server = config.servers.find(record.server);
  if (server == config.servers.end()) {
    tree_account.unreachable = fmt::format(
        "neither its account nor the server {} is in the configuration any more: add the server, "
        "with an admin, until the tree is deleted",
        base::escape_for_terminal(record.server));
    return tree_account;
  }
  if (const base::AccountConfig* const same = account_of_same_user(config, record)) {
    tree_account.account = *same;
  } else if (server->second.admin) {
    tree_account.account = config.found_account(record.server, user);
  } else {
    tree_account.unreachable = fmt::format(
        "its account is no longer in the configuration, and the server {} has no admin who could "
        "log in as it: add the account until the tree is deleted",
        base::escape_for_terminal(record.server));
  }
  tree_account.account.name = record.account;
  return tree_account;
}

base::AccountConfig account_for_mail(const base::Config& config, const store::TreeRecord& record) {
  if (config.has_account(record.account)) return config.account(record.account);
  base::AccountConfig account;
  if (const base::AccountConfig* const same = account_of_same_user(config, record)) account = *same;
  account.name = record.account;
  account.server = record.server;
  account.user = user_in(record);
  return account;
}

}  // namespace restore
