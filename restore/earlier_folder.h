// For messages about folders that a snapshot lacks: which other snapshot had them.
#pragma once

#include <functional>
#include <string>

#include "store/reader.h"

namespace restore {

// The end of a message about a folder that `snapshot` does not have: names the newest other
// snapshot of the account that has a folder for whose shown name `matches` returns true, and the
// option that chooses it. Empty if no snapshot has one; damaged snapshots are left out.
std::string earlier_folder_hint(store::Reader& reader, const store::SnapshotInfo& snapshot,
                                const std::string& zone,
                                const std::function<bool(const std::string& name)>& matches);

}  // namespace restore
