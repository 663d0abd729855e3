// What of a moment an account no longer has: told by a backup taken now.
#pragma once

#include <string>

#include "restore/selection.h"

namespace restore {

// Where `options` ask for what is missing: chooses the snapshot, has mailstow-backupd take another
// of the account now, and names both in what it gives. Otherwise gives `options`. Fails with kBusy
// if another process writes to the store, kRefused if the account can't be read now, and as
// choose_snapshot() does.
SelectionOptions with_fresh_pass(const base::Environment& environment, store::Reader& reader,
                                 const std::string& account, SelectionOptions options);

}  // namespace restore
