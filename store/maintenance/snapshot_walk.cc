#include "store/maintenance/snapshot_walk.h"

#include "base/error.h"
#include "store/format/commit.h"

namespace store {

SnapshotWalk::SnapshotWalk(ObjectReader& objects, const Keys& keys, TakeMessage take,
                           TakeDamage damage)
    : objects_(objects), keys_(keys), take_(std::move(take)), damage_(std::move(damage)) {}

void SnapshotWalk::visit(const ObjectId& root) {
  if (!visited_.insert(root).second) return;
  try {
    for (const ObjectId& folder :
         Root::decode(objects_.read_manifest(ObjectType::kRoot, root)).folders) {
      visit_folder(folder);
    }
  } catch (const base::Error& error) {
    damage_(error.what());
  }
}

void SnapshotWalk::visit_folder(const ObjectId& id) {
  if (!visited_.insert(id).second) return;
  try {
    const FolderObject folder =
        FolderObject::decode(objects_.read_manifest(ObjectType::kFolder, id));
    if (folder.tree.messages == 0) return;
    visit_node(folder.info, *root_node(folder.tree));
  } catch (const base::Error& error) {
    damage_(error.what());
  }
}

void SnapshotWalk::visit_node(const FolderInfo& folder, UidNode& node) {
  if (!visited_nodes_.emplace(node.identity, node.state).second) return;
  try {
    if (node.is_branch) {
      decode_branch(node, objects_.read_manifest(ObjectType::kIdentityBranch, node.identity),
                    objects_.read_manifest(ObjectType::kStateBranch, node.state));
      for (const auto& child : node.children) visit_node(folder, *child);
      return;
    }
    FlagSets sets;
    decode_states(objects_.read_manifest(ObjectType::kStateLeaf, node.state), sets);
    const auto make_id = [&](const Sha256& digest) { return message_id(keys_, digest); };
    for (const Identity& identity : decode_identities(
             objects_.read_manifest(ObjectType::kIdentityLeaf, node.identity), make_id)) {
      take_(folder, identity);
    }
  } catch (const base::Error& error) {
    damage_(error.what());
  }
}

}  // namespace store
