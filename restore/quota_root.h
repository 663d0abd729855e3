// Exempts folders from their owner's quota on servers where an administrator may do so over IMAP
// (Cyrus): by a quota root of their own, without limits. The nearest root above a folder counts.
#pragma once

#include <string>

#include "base/config/config.h"
#include "imap/folder.h"

namespace restore {

// The name of the account's folder for an administrator of the server. `prefix` is that of the
// administrator's "other users" namespace, such as "user/"; for a user with a domain the result is
// like user/jane/RESTORED@example.org.
std::string administrators_name(const std::string& prefix, char delimiter, const std::string& user,
                                const std::string& folder);

// Gives the folder `raw_name` of the account a quota root without limits, in a session of its own,
// since one that acts as the account may not do so. A root can't be removed over IMAP: use it for
// the level that all trees share. Returns why it failed, or "".
std::string make_quota_root(const base::ServerConfig& server, const base::AccountConfig& account,
                            const imap::Namespace& personal, const std::string& raw_name);

}  // namespace restore
