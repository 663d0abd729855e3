// The blobs that a store needs and that were deleted or replaced behind its back, in a storage that
// keeps versions: finding them, and writing what they were again.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "store/format/block.h"
#include "store/format/pack.h"
#include "store/storage/storage.h"

namespace store {

struct KeySlot;

struct ChangedBlob {
  BlobName name;
  std::string first;  // the id of its first version, which is right; of a record of a tree or an
                      // owner, that of the newest version that opens
  bool is_removed = false;
};

// Packs among `needed`, commit records, and key slots that were replaced. A key slot that is
// missing was removed, unless its first version is being read (store/format/right_version.h): then
// it may have been removed by `key remove`, too, so it counts only if it `opens`. Of the records of
// trees and owners, those that were replaced: they are removed as a matter of course. Lists the
// versions in five areas, and reads what looks replaced. Empty where the storage keeps no versions,
// or may not be asked. Fails like the storage.
std::vector<ChangedBlob> changed_blobs(Storage& storage, const BlockContext& context,
                                       const std::set<PackName>& needed,
                                       const std::function<bool(const KeySlot&)>& opens);

// A finding.
std::string describe_changed(const ChangedBlob& blob, const Storage& storage);

// Writes that version again, so that it is the newest. Returns why it could not, or "": the
// storage refuses it. Fails like the storage otherwise. Afterwards, the newest version is read.
std::string put_back(Storage& storage, const ChangedBlob& blob);

}  // namespace store
