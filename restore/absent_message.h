// The error about a message that was requested by its id and is not in the selection.
#pragma once

#include <string>

#include "store/reader.h"

namespace restore {

// Fails with kNotFound, naming the snapshot, or the folder of the chosen one, that has the message
// whose id begins with `digits`. `zone`: for the times of snapshots.
[[noreturn]] void fail_without_message(store::Reader& reader, const store::SnapshotInfo& snapshot,
                                       const std::string& digits, const std::string& zone);

}  // namespace restore
