// Visits every folder and message that snapshots name, each shared leaf once.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>

#include "store/format/folder_object.h"
#include "store/format/leaf.h"
#include "store/format/snapshot.h"
#include "store/format/uid_node.h"
#include "store/index/object_reader.h"

namespace store {

class SnapshotWalk {
 public:
  using TakeMessage = std::function<void(const FolderInfo&, const Identity&)>;
  using TakeDamage = std::function<void(const std::string& why)>;

  // All arguments must outlive the walk. Unreadable data is passed to `damage`; the rest follows.
  SnapshotWalk(ObjectReader& objects, const Keys& keys, TakeMessage take, TakeDamage damage);

  // Objects reached from an earlier root are not visited again.
  void visit(const ObjectId& root);

 private:
  void visit_folder(const ObjectId& id);
  void visit_node(const FolderInfo& folder, UidNode& node);

  ObjectReader& objects_;
  const Keys& keys_;
  TakeMessage take_;
  TakeDamage damage_;
  std::set<ObjectId> visited_;
  std::set<std::pair<ObjectId, ObjectId>> visited_nodes_;
};

}  // namespace store
