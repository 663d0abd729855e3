// A folder as a snapshot records it (docs/pack-format.md, "Folder").
#pragma once

#include "base/bytes.h"
#include "store/format/object_id.h"
#include "store/format/snapshot.h"
#include "store/format/uid_tree.h"

namespace store {

struct FolderObject {
  FolderInfo info;
  Receipt receipt;
  UidTreeRoot tree;
  bool operator==(const FolderObject&) const = default;

  base::Bytes encode() const;                        // fails with Unstorable
  static FolderObject decode(base::ByteView bytes);  // fails with kDamaged
  FolderRecord record(const ObjectId& id) const;
};

}  // namespace store
