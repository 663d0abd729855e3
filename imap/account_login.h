// From the configuration to a logged-in session.
#pragma once

#include "base/config/config.h"
#include "imap/endpoint.h"
#include "imap/session.h"

namespace imap {

// Fails with kConfig if the password of a proxy or a key is not to be had.
Endpoint endpoint_of(const base::ServerConfig& server);

// With the account's own password or token, which is read anew each time, or as the server's admin
// acting as the account. Fails with kConfig if the password is not to be had.
Login login_of(const base::ServerConfig& server, const base::AccountConfig& account);

// With the server's message_timeout.
Limits limits_of(const base::ServerConfig& server);

// Fails as Session::open does, and with kLogin if an admin is not in the account that it acts as
// (imap/account_identity.h).
Session open_account(const base::ServerConfig& server, const base::AccountConfig& account);
Session open_account_and_list_ahead(const base::ServerConfig& server,
                                    const base::AccountConfig& account,
                                    std::string_view personal_prefix);

// As who may set quotas (`quota_admin`, else `admin`), acting as nobody else. Fails with kConfig if
// the server has neither, and as Session::open does.
Session open_quota_admin(const base::ServerConfig& server);

}  // namespace imap
