// Restored trees of which this store has no record: another store made them, or the record is
// closed. Backups include them like any other folder; a restore of everything leaves them out,
// because the mail in them is a copy.
#pragma once

#include <string>

#include "base/config/config.h"
#include "store/format/snapshot.h"

namespace restore {

// The shown name of the tree that the backed-up folder `shown` is in, by the template
// `restore.tree`; empty: it is in no tree.
std::string foreign_tree_of(const base::Config& config, const std::string& account,
                            const store::FolderInfo& folder, const std::string& shown);

}  // namespace restore
