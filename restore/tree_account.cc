#include "restore/tree_account.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.h"
#include "base/terminal.h"
#include "imap/account_discovery.h"

namespace restore {

TreeAccount find_tree_account(const base::Config& config, base::FileSystem& files,
                              const store::TreeRecord& record) {
  try {
    return {imap::find_account(config, files, record.account), false, ""};
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kUsage) throw;
  }
  TreeAccount tree_account;
  tree_account.has_left = true;
  // Older records have no user name.
  const std::string& user = record.user.empty() ? record.account : record.user;
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
  const auto same = std::ranges::find_if(config.accounts, [&](const base::AccountConfig& account) {
    return account.server == record.server && account.user == user;
  });
  if (same != config.accounts.end()) {
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

}  // namespace restore
