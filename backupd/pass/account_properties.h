// The properties of an account that its server reports in addition to the mail.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "imap/session.h"
#include "store/format/account_properties.h"

namespace backupd {

// The folders of an account that hold messages, by raw name.
struct ListedFolders {
  std::vector<std::string> all;
  std::vector<std::string> changed;  // since the last time; a subset of `all`
  bool has_changed = false;          // the account has changed, in any way
  bool is_first = false;             // there is nothing to compare with
};

// Returns `last` unless the account has changed or `last` is a week old. Rights, METADATA and quota
// roots, which no modification sequence covers, are requested again for folders that changed, and
// for all folders once a week. A first backup of more than 5,000 folders leaves the quota to the
// next one: it takes the server a fifth of the time of the mail. If the server refuses to list the
// subscriptions, the last ones are kept. Otherwise fails as the session does.
store::AccountProperties refresh_properties(imap::Session& session, const ListedFolders& folders,
                                            const store::AccountProperties& last,
                                            std::chrono::sys_seconds now);

}  // namespace backupd
