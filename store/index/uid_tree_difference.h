// The differences between two states of a folder's UID tree. Reads only what differs: a node that
// both have, by its id, is skipped with everything below it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/format/leaf.h"
#include "store/format/uid_tree.h"
#include "store/index/object_reader.h"

namespace store {

// The messages of `older` that `newer` does not have, then those of `newer` that `older` does not
// have; each in ascending UID order. Entries with the same UID, date, size and content are equal.
// Fails with kDamaged if a node can't be read.
struct UidTreeDifference {
  std::vector<Identity> only_older;
  std::vector<Identity> only_newer;
};
UidTreeDifference difference(ObjectReader& objects, const MakeId& make_id, const UidTreeRoot& older,
                             const UidTreeRoot& newer);

// The same with flags, for two states whose changes of flags count too: a node is skipped only if
// both its identities and its states are the same. A message is the same if UID and content are.
struct FlaggedIdentity {
  Identity identity;
  std::vector<std::string> flags;
};
struct FlagDifference {
  Identity identity;  // as in the newer state
  std::vector<std::string> older;
  std::vector<std::string> newer;
};
struct FlaggedDifference {
  std::vector<FlaggedIdentity> only_older;
  std::vector<FlaggedIdentity> only_newer;
  std::vector<FlagDifference> other_flags;
};
FlaggedDifference flagged_difference(ObjectReader& objects, const MakeId& make_id,
                                     const UidTreeRoot& older, const UidTreeRoot& newer);

// Calls back for all entries of the tree, in ascending UID order.
void for_each_identity(ObjectReader& objects, const MakeId& make_id, const UidTreeRoot& tree,
                       const std::function<void(const Identity&)>& take);

}  // namespace store
