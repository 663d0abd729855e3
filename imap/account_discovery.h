// Discovers the users of a server, for administrators who don't keep an account list of their own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/config/config.h"
#include "base/file_system.h"
#include "imap/folder.h"

namespace imap {

// Returns the users found by the server's `discover` after its include and exclude: sorted, without
// duplicates. Fails with kConfig if the command or the file gives no answer, no users (an empty
// answer means a broken source) or an invalid user name; also fails as Session::open() and list()
// do.
std::vector<std::string> discover_users(const base::ServerConfig& server, base::FileSystem& files);

// Parses a list of users, one per line. Empty lines are skipped; a # at the beginning of a line or
// after a blank starts a comment.
std::vector<std::string> users_in(std::string_view text);

// Returns the user who owns a folder that an administrator sees under this name; empty for a shared
// folder.
std::string owner_of(std::string_view raw_name, const Namespace& other_users);

// Finds an account by its name, in the configuration or among the users that the servers discover
// now. Fails with kUsage, suggesting the nearest name, if no account has that name.
base::AccountConfig find_account(const base::Config& config, base::FileSystem& files,
                                 std::string_view name);

}  // namespace imap
