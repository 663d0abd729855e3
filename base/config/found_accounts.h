// The accounts that the servers' `discover` found last time. They are backed up if a user directory
// does not answer tonight, and every command knows them without querying it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "base/file_system.h"

namespace base {

// Users by server.
using FoundAccounts = std::map<std::string, std::vector<std::string>>;

// Where they are kept.
Path found_accounts_file(const StoreConfig& store);

// Empty if none have been found yet, or if the file is damaged: the next backup finds them again.
FoundAccounts load_found_accounts(FileSystem& files, const StoreConfig& store);
void save_found_accounts(FileSystem& files, const StoreConfig& store, const FoundAccounts& found);

// Appends them to the listed accounts, except users who have a listed account already. Returns a
// line for each user left out because another user's account has that name.
std::vector<std::string> add_found_accounts(Config& config, const FoundAccounts& found);

// The configuration with the accounts that were found last time added.
Config with_found_accounts(Config config, FileSystem& files);

}  // namespace base
