// What two states of a folder's UID tree don't share. Only what differs is read: a node that both
// have, by its id, is skipped with all below it.
#pragma once

#include <functional>

#include "store/format/leaf.h"
#include "store/format/uid_tree.h"
#include "store/index/object_reader.h"

namespace store {

// The messages of `older` that `newer` does not have, then those of `newer` that `older` does not
// have; each in ascending UID order. Equal are entries with the same UID, date, size and content.
// Fails with kDamaged if a node can't be read.
struct UidTreeDifference {
  std::vector<Identity> only_older;
  std::vector<Identity> only_newer;
};
UidTreeDifference difference(ObjectReader& objects, const MakeId& make_id, const UidTreeRoot& older,
                          const UidTreeRoot& newer);

// All of it, in ascending UID order.
void for_each_identity(ObjectReader& objects, const MakeId& make_id, const UidTreeRoot& tree,
                       const std::function<void(const Identity&)>& take);

}  // namespace store
