// Finds what an account no longer has of a snapshot, by a backup taken now.
#pragma once

#include <string>

#include "restore/selection.h"

namespace restore {

// If `options` request missing messages: chooses the snapshot, has mailstow-backupd take another
// one of the account now, and returns options that name both. Otherwise returns `options`. Fails
// with kBusy if another process is writing to the store, kRefused if the account can't be read now,
// and as choose_snapshot() does.
SelectionOptions with_fresh_pass(const base::Environment& environment, store::Reader& reader,
                                 const std::string& account, SelectionOptions options);

}  // namespace restore
