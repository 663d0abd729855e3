#include "store/content_holders.h"

#include "store/format/crypto.h"
#include "store/format/folder_object.h"
#include "store/format/leaf.h"
#include "store/index/uid_nodes.h"
#include "store/known_groups.h"
#include "store/reader_impl.h"

namespace store {

class HolderSearch {
 public:
  HolderSearch(Reader& reader, const std::set<Sha256>& digests)
      : impl_(*reader.impl_), digests_(digests), groups_(impl_.search_file, impl_.context.keys) {
    if (digests.size() > KnownGroups::kMaxMessages) return;
    std::vector<ObjectId> messages;
    messages.reserve(digests.size());
    for (const Sha256& digest : digests) {
      messages.push_back(message_id(impl_.context.keys, digest).object);
    }
    groups_.look_for(messages);
  }

  void for_each(
      const SnapshotInfo& snapshot,
      const std::function<void(const FolderRecord& folder, const std::set<Sha256>& held)>& take) {
    for (const ObjectId& id : impl_.root_of(snapshot).folders) {
      const FolderObject folder =
          FolderObject::decode(impl_.objects.read_manifest(ObjectType::kFolder, id));
      held_.clear();
      if (folder.tree.messages > 0) {
        const Index::LookUps look_ups(impl_.index);
        visit(*root_node(folder.tree));
      }
      take(folder.record(id), held_);
    }
  }

 private:
  bool has_all() const { return held_.size() == digests_.size(); }

  void visit(UidNode& node) {
    if (has_all()) return;
    const auto holders = groups_.holders(node);
    if (holders && holders->empty()) return;
    if (node.is_branch) {
      groups_.read_children(impl_.objects, node);
      for (const auto& child : node.children) {
        if (holders && !covers_any(*child, *holders)) continue;
        visit(*child);
        child->children.clear();
      }
      return;
    }
    // Computing the messages' ids would take longer than everything else.
    for (const Identity& identity : read_identities_without_ids(impl_.objects, node)) {
      if (digests_.contains(identity.digest)) held_.insert(identity.digest);
    }
  }

  Reader::Impl& impl_;
  const std::set<Sha256>& digests_;
  std::set<Sha256> held_;
  KnownGroups groups_;
};

void for_each_holder(
    Reader& reader, const SnapshotInfo& snapshot, const std::set<Sha256>& digests,
    const std::function<void(const FolderRecord& folder, const std::set<Sha256>& held)>& take) {
  HolderSearch(reader, digests).for_each(snapshot, take);
}

}  // namespace store
