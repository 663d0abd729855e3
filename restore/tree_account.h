// Finds the account of a restored tree, so that the tree expires even if the account has left the
// configuration.
#pragma once

#include <string>

#include "base/config/config.h"
#include "base/file_system.h"
#include "store/tree_record.h"

namespace restore {

struct TreeAccount {
  base::AccountConfig account;  // under the name that the record has; its user is always set
  bool has_left = false;        // it is neither configured nor discovered any more
  std::string unreachable;      // why nothing can log in to it; empty: `account` can be opened
};

// An account that has left is opened with the record's server and user name: as an account that is
// still configured for that user, else by the server's admin.
TreeAccount find_tree_account(const base::Config& config, base::FileSystem& files,
                              const store::TreeRecord& record);

// The account as far as the configuration has it, for its user's mail address. No server discovers
// its users for this: accounts that are found have no address of their own.
base::AccountConfig account_for_mail(const base::Config& config, const store::TreeRecord& record);

}  // namespace restore
