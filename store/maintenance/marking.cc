#include "store/maintenance/marking.h"

#include <algorithm>

#include "base/error.h"
#include "base/stop_request.h"
#include "store/format/commit.h"
#include "store/format/folder_object.h"
#include "store/format/leaf.h"
#include "store/index/uid_nodes.h"
#include "store/message/recipe.h"

namespace store {

using base::ErrorCode;
using base::fail;

namespace {

constexpr std::uint64_t kMaxKnownObjects = 300'000;  // of about 56 bytes

}  // namespace

MarkedObjects::MarkedObjects(Storage& storage, const BlockContext& context, Marks& marks)
    : storage_(storage), context_(context), marks_(marks) {}

void MarkedObjects::for_each(const Index::PackRow& pack, Stream stream, Marked which,
                             const Take& take) {
  if (which == Marked::kYes && marks_.bytes_in(pack.row) == 0) return;
  const std::shared_ptr<const Pack> contents = contents_of(pack);
  for (std::size_t ordinal = 0; ordinal < contents->blocks.size(); ++ordinal) {
    const BlockEntry& block = contents->blocks[ordinal];
    if (block.stream != stream) continue;
    const std::int64_t row = block_row(pack.row, ordinal);
    const std::vector<Mark> marks = marks_.marks_in(row);
    auto next = marks.begin();
    for (const ObjectEntry& object : block.objects) {
      const bool is_marked = next != marks.end() && object.start == next->start;
      const Owner owner = is_marked ? (next++)->owner : Owner();
      if (is_marked != (which == Marked::kYes)) continue;
      base::stop_if_requested("prune", kNothingDropped);
      take(object, {.block = row, .start = object.start, .length = object.length}, owner);
    }
    if (next != marks.end()) {
      fail(ErrorCode::kDamaged,
           "pack {}: the index describes it differently: run mailstow-backupd reindex",
           storage_.display_name(blob_of(pack.name)));
    }
  }
}

std::shared_ptr<const Pack> MarkedObjects::contents_of(const Index::PackRow& pack) {
  const auto known = std::ranges::find(known_, pack.row, &KnownPack::row);
  if (known != known_.end()) {
    known_.splice(known_.begin(), known_, known);
    return known->contents;
  }
  PackFile file = PackFile::open(storage_, pack.name, pack.size);
  std::shared_ptr<const Pack> contents =
      std::make_shared<const Pack>(file.read_trailer(context_, pack.name, decompressor_));
  std::uint64_t objects = 0;
  for (const BlockEntry& block : contents->blocks) objects += block.objects.size();
  known_.push_front({.row = pack.row, .objects = objects, .contents = contents});
  known_objects_ += objects;
  while (known_objects_ > kMaxKnownObjects && known_.size() > 1) {
    known_objects_ -= known_.back().objects;
    known_.pop_back();
  }
  return contents;
}

Marking::Marking(Index& index, ObjectReader& objects, const Keys& keys, Marks& marks)
    : index_(index), objects_(objects), keys_(keys), marks_(marks) {}

bool Marking::mark(ObjectType type, const ObjectId& id) {
  const std::optional<ObjectPlace> place = index_.find(type, id);
  if (!place) {
    fail(ErrorCode::kDamaged, "find {} {}: it is not in the store", name_of(type), id.hex());
  }
  return marks_.add(*place, owner_);
}

void Marking::add_root(const ObjectId& root, const std::string& account) {
  const auto next = static_cast<std::uint32_t>(accounts_.size() + 1);
  owner_ = {.account = accounts_.emplace(account, next).first->second, .folder = 0};
  if (!mark(ObjectType::kRoot, root)) return;
  for (const ObjectId& folder :
       Root::decode(objects_.read_manifest(ObjectType::kRoot, root)).folders) {
    add_folder(folder);
  }
}

void Marking::add_folder(const ObjectId& id) {
  if (!mark(ObjectType::kFolder, id)) return;
  const FolderObject folder = FolderObject::decode(objects_.read_manifest(ObjectType::kFolder, id));
  if (folder.tree.messages == 0) return;
  // Not a number for each name, which would keep the names of all folders in memory.
  const std::size_t hash = std::hash<std::string>()(folder.info.raw_name);
  owner_.folder = static_cast<std::uint32_t>(hash) | 1U;
  add_node(*root_node(folder.tree));
  owner_.folder = 0;
}

// What is below a node depends only on its identity and its state: if both were marked before, even
// in different nodes, so was everything below them.
void Marking::add_node(UidNode& node) {
  base::stop_if_requested("prune", kNothingDropped);
  if (node.is_branch) {
    const bool is_new_identity = mark(ObjectType::kIdentityBranch, node.identity);
    const bool is_new_state = mark(ObjectType::kStateBranch, node.state);
    if (!is_new_identity && !is_new_state) return;
    read_children(objects_, node);
    for (const auto& child : node.children) {
      add_node(*child);
      child->children.clear();
    }
    return;
  }
  if (mark(ObjectType::kStateLeaf, node.state)) {
    FlagSets sets;
    read_states(objects_, node, sets);
  }
  if (!mark(ObjectType::kIdentityLeaf, node.identity)) return;
  for (const Identity& identity : read_identities(objects_, ids_with(keys_), node)) {
    mark(ObjectType::kMessage, identity.message.object);
  }
}

void Marking::add_parts(MarkedObjects& marked, const HasRead& has_read) {
  const std::vector<Index::PackRow> packs = index_.pack_rows();
  std::uint64_t total = 0;
  for (const Index::PackRow& pack : packs) total += pack.size;
  std::uint64_t done = 0;
  for (const Index::PackRow& pack : packs) {
    has_read(done, total);
    done += pack.size;
    marked.for_each(pack, Stream::kRecords, Marked::kYes,
                    [&](const ObjectEntry& message, const ObjectPlace& place, const Owner& owner) {
                      owner_ = owner;
                      for_each_part(message, place, [&](ObjectType type, const ObjectId& part) {
                        mark(type, part);
                      });
                    });
  }
  has_read(done, total);
}

std::set<std::int64_t> Marking::packs_needed_by_dead(MarkedObjects& marked,
                                                     const Index::PackRow& pack) {
  std::set<std::int64_t> packs;
  marked.for_each(pack, Stream::kRecords, Marked::kNo,
                  [&](const ObjectEntry& message, const ObjectPlace& place, const Owner&) {
                    for_each_part(message, place, [&](ObjectType type, const ObjectId& part) {
                      const auto found = index_.find(type, part);
                      if (found) packs.insert(pack_of(found->block));
                    });
                  });
  return packs;
}

void Marking::add_parts_of_dead(MarkedObjects& marked, const Index::PackRow& pack,
                                const std::set<std::int64_t>& within) {
  marked.for_each(pack, Stream::kRecords, Marked::kNo,
                  [&](const ObjectEntry& message, const ObjectPlace& place, const Owner&) {
                    for_each_part(message, place, [&](ObjectType type, const ObjectId& part) {
                      const auto found = index_.find(type, part);
                      if (found && within.contains(pack_of(found->block))) marks_.add(*found);
                    });
                  });
}

void Marking::for_each_part(const ObjectEntry& message, const ObjectPlace& place,
                            const TakePart& take) {
  const ObjectView record = objects_.read_at(ObjectType::kMessage, message.id, place);
  try {
    store::for_each_part(record.bytes, [&](PartKind kind, const PartRef& part) {
      take(kind == PartKind::kText ? ObjectType::kText : ObjectType::kBinary, part.id);
    });
  } catch (const base::Error& error) {
    fail(error.code(), "read message {}: {}", message.id.hex(), error.what());
  }
}

}  // namespace store
