// Opens logged-in sessions from the configuration.
#pragma once

#include <memory>
#include <string_view>

#include "base/config/config.h"
#include "imap/endpoint.h"
#include "imap/session.h"
#include "imap/wait_budget.h"

namespace imap {

// Fails with kConfig if the password of the proxy or of the key can't be read.
Endpoint endpoint_of(const base::ServerConfig& server);

// Logs in with the account's own password or token, which is reread each time, or as the server's
// admin on behalf of the account. Fails with kConfig if the password can't be read.
Login login_of(const base::ServerConfig& server, const base::AccountConfig& account);

// The default limits, with the server's command_timeout, message_timeout and pipeline; without a
// budget for waiting.
Limits limits_of(const base::ServerConfig& server);

// The limits that all connections of one backup of an account share: see Limits.
struct CommonLimits {
  std::shared_ptr<WaitBudget> waits = nullptr;
  CommandNames without = {};
  ListDetail list_detail = ListDetail::kSizes;
  bool lists_in_parts = false;
};

// Fails as Session::open does, and with kLogin if an admin's login opened a different account
// (imap/inbox_owner.h).
Session open_account(const base::ServerConfig& server, const base::AccountConfig& account,
                     const CommonLimits& common = {});
Session open_account_and_list_ahead(const base::ServerConfig& server,
                                    const base::AccountConfig& account,
                                    std::string_view personal_prefix,
                                    const CommonLimits& common = {},
                                    const std::function<void()>& logged_in = {});

// Logs in as the user that may set quotas (`quota_admin`, else `admin`), not on behalf of another
// user. Fails with kConfig if the server has neither, and as Session::open does.
Session open_quota_admin(const base::ServerConfig& server);

}  // namespace imap
