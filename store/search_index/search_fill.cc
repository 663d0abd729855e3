#include <algorithm>
#include <unordered_set>

#include "base/error.h"
#include "base/log.h"
#include "store/format/commit.h"
#include "store/format/crypto.h"
#include "store/format/folder_object.h"
#include "store/index/object_reader.h"
#include "store/index/uid_nodes.h"
#include "store/message/split.h"
#include "store/search_index/search_index.h"

namespace store {

namespace {

class Fill {
 public:
  Fill(const BlockContext& context, SearchIndex& search) : context_(context), search_(search) {}

  // Returns whether the pack has leaves.
  bool add_pack(PackFile& file, const PackName& name) {
    const Pack pack = file.read_trailer(context_, name, decompressor_);
    for (std::size_t ordinal = 0; ordinal < pack.blocks.size(); ++ordinal) {
      if (pack.blocks[ordinal].stream == Stream::kRecords) add_block(file, pack, ordinal);
    }
    const bool lacks_groups = std::ranges::any_of(pack.blocks, has_leaves);
    if (lacks_groups) search_.set_lacks_groups(true);
    search_.finish(name);
    return lacks_groups;
  }

 private:
  static bool has_leaves(const BlockEntry& block) {
    return block.stream == Stream::kManifests &&
           std::ranges::find(block.objects, ObjectType::kIdentityLeaf, &ObjectEntry::type) !=
               block.objects.end();
  }

  void add_block(PackFile& file, const Pack& pack, std::size_t ordinal) {
    const BlockEntry& block = pack.blocks[ordinal];
    base::Bytes plain;
    try {
      plain = open_block(context_, block.header(pack.id, ordinal),
                         file.read_block(block.place, block.sealed_length), decompressor_,
                         fmt::format("{}: block {}", file.name(), ordinal));
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kDamaged) throw;
      base::log_warning("fill the search index: {}", error.what());
      return;
    }
    for (const ObjectEntry& object : block.objects) {
      if (object.start + std::uint64_t{object.length} > plain.size()) return;
      add_record(object.id, base::ByteView(plain).subspan(object.start, object.length));
    }
  }

  void add_record(const ObjectId& message, base::ByteView record) {
    base::ByteView header;
    try {
      header = header_of(record);
    } catch (const base::Error& error) {
      base::log_warning("fill the search index: message {}: {}", message.hex(), error.what());
      return;
    }
    search_.add_header(message, header);
  }

  const BlockContext& context_;
  SearchIndex& search_;
  Decompressor decompressor_;
};

// The groups of leaves of snapshots, and the branches above them. What can't be read is left out: a
// search reads the leaves then.
class GroupFill {
 public:
  GroupFill(Storage& storage, const BlockContext& context, Index& index, SearchIndex& search)
      : context_(context), index_(index), search_(search), objects_(storage, context, index) {}

  // Of the snapshots whose roots are in these packs, which are sorted: the groups of others were
  // added when their packs were.
  void add_all(const std::vector<PackName>& packs) {
    const Index::LookUps look_ups(index_);
    for (const std::string& account : index_.accounts()) {
      for (const SnapshotInfo& snapshot : index_.snapshots(account)) {
        const auto root = index_.root_of(snapshot.id);
        if (root && is_in(packs, *root)) tolerate([&] { add_root(*root); });
      }
    }
    search_.set_lacks_groups(false);
    search_.finish_groups();
  }

 private:
  bool is_in(const std::vector<PackName>& packs, const ObjectId& root) {
    const auto place = index_.find(ObjectType::kRoot, root);
    return place && std::ranges::binary_search(packs, index_.block(place->block).pack);
  }

  template <typename Work>
  static void tolerate(const Work& work) {
    try {
      work();
    } catch (const base::Error& error) {
      const bool is_of_newer_version = error.code() == base::ErrorCode::kConfig;
      const bool can_be_left_out = base::is_unreadable(error.code()) || is_of_newer_version ||
                                   error.code() == base::ErrorCode::kIo;
      if (!can_be_left_out) throw;
      base::log_debug("fill the search index: {}", error.what());
    }
  }

  void add_root(const ObjectId& id) {
    if (!visited_.insert(id).second) return;
    for (const ObjectId& folder :
         Root::decode(objects_.read_manifest(ObjectType::kRoot, id)).folders) {
      tolerate([&] { add_folder(folder); });
    }
  }

  void add_folder(const ObjectId& id) {
    if (!visited_.insert(id).second) return;
    const FolderObject folder =
        FolderObject::decode(objects_.read_manifest(ObjectType::kFolder, id));
    if (folder.tree.messages > 0) add_groups(*root_node(folder.tree));
  }

  void add_groups(UidNode& node) {
    if (!visited_.insert(node.identity).second) return;
    if (node.may_be_group() && search_.find_group(node.identity)) return;
    if (node.is_branch) read_branch(node);
    if (!node.is_branch || node.shift == kGroupShift) {
      tolerate([&] { add_group(node); });
      return;
    }
    for (const auto& child : node.children) tolerate([&] { add_groups(*child); });
  }

  void read_branch(UidNode& node) {
    if (const auto known = search_.find_branch(node.identity);
        known && object_id(context_.keys, ObjectType::kIdentityBranch, *known) == node.identity) {
      decode_identity_branch(node, *known);
      return;
    }
    const base::Bytes content = objects_.read_manifest(ObjectType::kIdentityBranch, node.identity);
    decode_identity_branch(node, content);
    if (node.shift > kGroupShift) search_.add_branch(node.identity, content);
  }

  void add_group(const UidNode& group) {
    std::vector<SearchIndex::KeyedMessage> messages;
    if (!group.is_branch) add_leaf(group, messages);
    for (const auto& leaf : group.children) add_leaf(*leaf, messages);
    search_.add_group(group.identity, messages);
  }

  void add_leaf(const UidNode& leaf, std::vector<SearchIndex::KeyedMessage>& messages) {
    for (const Identity& identity : read_identities(objects_, ids_with(context_.keys), leaf)) {
      messages.push_back({identity.uid, message_key(identity.message.object)});
    }
  }

  const BlockContext& context_;
  Index& index_;
  SearchIndex& search_;
  ObjectReader objects_;
  std::unordered_set<ObjectId> visited_;
};

}  // namespace

void fill_search_index(const Location& location, base::FileSystem& files,
                       const BlockContext& context, Index& index, SearchIndex& search) {
  std::vector<PackName> wanted = index.packs();
  std::vector<PackName> known = search.packs();
  std::ranges::sort(wanted);
  std::ranges::sort(known);
  std::vector<PackName> gone;
  std::ranges::set_difference(known, wanted, std::back_inserter(gone));
  search.forget_packs(gone);
  std::vector<PackName> missing;
  std::ranges::set_difference(wanted, known, std::back_inserter(missing));
  const std::shared_ptr<Storage> storage = storage_of(location, files);
  Fill fill(context, search);
  const bool was_interrupted = search.lacks_groups();
  bool has_new_leaves = false;
  for (const PackName& name : missing) {
    try {
      std::optional<PackFile> pack = PackFile::find(*storage, name, index.size_of(name));
      if (!pack) continue;
      if (fill.add_pack(*pack, name)) has_new_leaves = true;
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kDamaged && error.code() != base::ErrorCode::kIo) throw;
      base::log_warning("fill the search index: {}", error.what());
    }
  }
  if (!has_new_leaves && !was_interrupted) return;
  // An interrupted filling noted packs as known without the groups of their snapshots.
  GroupFill(*storage, context, index, search).add_all(was_interrupted ? wanted : missing);
}

}  // namespace store
