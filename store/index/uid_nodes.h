// Reads the nodes of UID trees. A walk over the leaves is the caller's: each walk has its own rule
// for what it need not visit again, and for what it does about damage.
#pragma once

#include <vector>

#include "store/format/leaf.h"
#include "store/format/uid_node.h"
#include "store/index/object_reader.h"

namespace store {

// All fail with kDamaged.

void read_children(ObjectReader& objects, UidNode& branch);

// The same without the children's states: half of the work.
void read_children_without_states(ObjectReader& objects, UidNode& branch);

std::vector<Identity> read_identities(ObjectReader& objects, const MakeId& make_id,
                                      const UidNode& leaf);

// The same without the messages' ids (decode_identities_without_ids()).
std::vector<Identity> read_identities_without_ids(ObjectReader& objects, const UidNode& leaf);

// In the order of the identities.
std::vector<State> read_states(ObjectReader& objects, const UidNode& leaf, FlagSets& sets);

}  // namespace store
