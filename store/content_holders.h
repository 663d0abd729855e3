// The folders of a snapshot that hold some messages, by content.
#pragma once

#include <functional>
#include <set>

#include "store/format/snapshot.h"
#include "store/reader.h"

namespace store {

// Calls back for each folder of the snapshot, in its order, with those of the digests that it has:
// an empty set if it has no such message. Reads the identities of messages only, a leaf at a time,
// of a folder only as much as it takes to find all of them, and no leaf that the search index knows
// to have none: memory does not grow with the folder. Fails with kDamaged.
void for_each_holder(
    Reader& reader, const SnapshotInfo& snapshot, const std::set<Sha256>& digests,
    const std::function<void(const FolderRecord& folder, const std::set<Sha256>& held)>& take);

}  // namespace store
