#include "store/index/uid_nodes.h"

namespace store {

void read_children(ObjectReader& objects, UidNode& branch) {
  decode_branch(branch, objects.read_manifest(ObjectType::kIdentityBranch, branch.identity),
                objects.read_manifest(ObjectType::kStateBranch, branch.state));
}

void read_children_without_states(ObjectReader& objects, UidNode& branch) {
  decode_identity_branch(branch,
                         objects.read_manifest(ObjectType::kIdentityBranch, branch.identity));
}

std::vector<Identity> read_identities(ObjectReader& objects, const MakeId& make_id,
                                      const UidNode& leaf) {
  return decode_identities(objects.read_manifest(ObjectType::kIdentityLeaf, leaf.identity),
                           make_id);
}

std::vector<Identity> read_identities_without_ids(ObjectReader& objects, const UidNode& leaf) {
  return decode_identities_without_ids(
      objects.read_manifest(ObjectType::kIdentityLeaf, leaf.identity));
}

std::vector<State> read_states(ObjectReader& objects, const UidNode& leaf, FlagSets& sets) {
  return decode_states(objects.read_manifest(ObjectType::kStateLeaf, leaf.state), sets);
}

}  // namespace store
