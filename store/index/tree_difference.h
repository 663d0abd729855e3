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
struct TreeDifference {
  std::vector<Identity> only_older;
  std::vector<Identity> only_newer;
};
TreeDifference difference(ObjectReader& objects, const MakeId& make_id, const TreeRoot& older,
                          const TreeRoot& newer);

// All of it, in ascending UID order.
void for_each_identity(ObjectReader& objects, const MakeId& make_id, const TreeRoot& tree,
                       const std::function<void(const Identity&)>& take);

}  // namespace store
