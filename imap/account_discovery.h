// Who has an account on a server, for administrators who don't keep a list of their own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/config/config.h"
#include "base/file_system.h"
#include "imap/folder.h"

namespace imap {

// What the server's `discover` finds, after its include and exclude: sorted, each once. Fails with
// kConfig if the command or the file does not say it, or names somebody whom no account can be
// called; and as Session::open() and list() do. Nobody at all is a failure too: an empty answer is
// a source that is broken.
std::vector<std::string> discover_users(const base::ServerConfig& server, base::FileSystem& files);

// The users in a text with one a line; empty lines and what follows a # at the beginning of a line
// or behind a blank left out.
std::vector<std::string> users_in(std::string_view text);

// Whose folder an administrator sees under this name; empty: nobody's (a shared folder).
std::string owner_of(std::string_view raw_name, const Namespace& other_users);

// An account by its name: of the configuration, or of whom the servers discover now. Fails with
// kUsage and the nearest name if there is none.
base::AccountConfig find_account(const base::Config& config, base::FileSystem& files,
                                 std::string_view name);

}  // namespace imap
