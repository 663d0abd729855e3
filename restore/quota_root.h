// Takes folders off their owner's quota where an administrator may do so over IMAP (Cyrus): by a
// quota root of their own, without limits. The nearest root above a folder is the one that counts.
#pragma once

#include <string>

#include "base/config/config.h"
#include "imap/folder.h"

namespace restore {

// The account's folder as an administrator of the server names it: `prefix` is that of his "other
// users" namespace, as "user/"; a user with a domain is user/jane/RESTORED@example.org.
std::string administrators_name(const std::string& prefix, char delimiter, const std::string& user,
                                const std::string& folder);

// Gives the folder `raw_name` of the account a quota root without limits, in a session of its own:
// one that acts as the account may not. A root can't be removed over IMAP: use it for the level
// that all trees share. Gives why not, or nothing.
std::string make_quota_root(const base::ServerConfig& server, const base::AccountConfig& account,
                            const imap::Namespace& personal, const std::string& raw_name);

}  // namespace restore
