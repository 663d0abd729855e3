// What the server tells of an account beside its mail.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "imap/session.h"
#include "store/format/account_properties.h"

namespace backupd {

// The folders of an account that hold messages, by raw name.
struct AskedFolders {
  std::vector<std::string> all;
  std::vector<std::string> changed;  // since the last time; some of `all`
  bool has_changed = false;          // the account, in any way
};

// `last`, unless the account changed or that is a week old. Rights, METADATA and quota roots, which
// no modification sequence tells of, are asked for anew of folders that changed, and of all when a
// week has gone. What the server refuses to tell of subscriptions stays as it was. Fails as the
// session does otherwise.
store::AccountProperties pass_properties(imap::Session& session, const AskedFolders& folders,
                                         const store::AccountProperties& last,
                                         std::chrono::sys_seconds now);

}  // namespace backupd
