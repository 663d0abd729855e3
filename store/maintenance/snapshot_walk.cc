#include "store/maintenance/snapshot_walk.h"

#include "base/error.h"
#include "store/format/commit.h"
#include "store/index/uid_nodes.h"

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
      read_children(objects_, node);
      for (const auto& child : node.children) visit_node(folder, *child);
      return;
    }
    FlagSets sets;
    read_states(objects_, node, sets);
    for (const Identity& identity : read_identities(objects_, ids_with(keys_), node)) {
      take_(folder, identity);
    }
  } catch (const base::Error& error) {
    damage_(error.what());
  }
}

}  // namespace store
