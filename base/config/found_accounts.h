// The accounts that the servers' `discover` found last time. They are backed up where a directory
// does not answer tonight, and known to every command without asking it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "base/file_system.h"

namespace base {

// Users by server.
using FoundAccounts = std::map<std::string, std::vector<std::string>>;

// Empty if nothing was found yet, or the file is damaged: the next backup finds them again.
FoundAccounts load_found_accounts(FileSystem& files, const StoreConfig& store);
void save_found_accounts(FileSystem& files, const StoreConfig& store, const FoundAccounts& found);

// Behind the listed ones, without users who have an account there. Gives a line for each user left
// out because another's account is called so.
std::vector<std::string> add_found_accounts(Config& config, const FoundAccounts& found);

// The configuration with those that were found last time.
Config with_found_accounts(Config config, FileSystem& files);

}  // namespace base
