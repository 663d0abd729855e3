// Finds the objects that living snapshots need, and reads them pack by pack.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "store/format/pack.h"
#include "store/format/uid_node.h"
#include "store/index/index.h"
#include "store/index/object_reader.h"
#include "store/maintenance/marks.h"
#include "store/storage/storage.h"

namespace store {

enum class Marked { kYes, kNo };

// For a program that is stopped. It is true until prune's first step is done; prune replaces the
// message afterwards.
inline constexpr std::string_view kNothingDropped = "no snapshot is dropped";

// The marked, or the unmarked, objects of packs, in the order of their positions.
class MarkedObjects {
 public:
  // All arguments must outlive it.
  MarkedObjects(Storage& storage, const BlockContext& context, Marks& marks);

  // `owner`: as marked, empty for unmarked objects.
  using Take = std::function<void(const ObjectEntry&, const ObjectPlace&, const Owner& owner)>;

  // Fails with kDamaged if the pack can't be read or a mark matches no object.
  void for_each(const Index::PackRow& pack, Stream stream, Marked which, const Take& take);

 private:
  // Each step goes through its packs several times: their trailers are kept, as far as memory
  // allows.
  struct KnownPack {
    std::int64_t row = 0;
    std::uint64_t objects = 0;
    std::shared_ptr<const Pack> contents;
  };

  std::shared_ptr<const Pack> contents_of(const Index::PackRow& pack);

  Storage& storage_;
  const BlockContext& context_;
  Marks& marks_;
  Decompressor decompressor_;
  std::list<KnownPack> known_;  // most recently used first
  std::uint64_t known_objects_ = 0;
};

// Marks everything reachable: roots, folders, leaves, messages, then the parts that their records
// name. Fails with kDamaged if anything on the way is missing or can't be read.
class Marking {
 public:
  // All arguments must outlive it.
  Marking(Index& index, ObjectReader& objects, const Keys& keys, Marks& marks);

  // An object that several folders of an account need belongs to the first of them. Reads least if
  // the roots come in the order of their places.
  void add_root(const ObjectId& root, const std::string& account);

  // Call after all roots have been added. `has_read` is called before the first pack and after each
  // one, with the bytes of packs.
  using HasRead = std::function<void(std::uint64_t done, std::uint64_t total)>;
  void add_parts(MarkedObjects& marked, const HasRead& has_read);

  // A message that a backup finds stored must be complete, also if no snapshot holds it: returns
  // the packs (Index::PackRow::row) that have parts of the dead messages of `pack`.
  std::set<std::int64_t> packs_needed_by_dead(MarkedObjects& marked, const Index::PackRow& pack);

  // Marks those parts, as far as they are in the packs of `within`.
  void add_parts_of_dead(MarkedObjects& marked, const Index::PackRow& pack,
                         const std::set<std::int64_t>& within);

 private:
  bool mark(ObjectType type, const ObjectId& id);
  void add_folder(const ObjectId& id);
  void add_node(UidNode& node);
  using TakePart = std::function<void(ObjectType, const ObjectId&)>;
  void for_each_part(const ObjectEntry& message, const ObjectPlace& place, const TakePart& take);

  Index& index_;
  ObjectReader& objects_;
  const Keys& keys_;
  Marks& marks_;
  // Their numbers.
  std::map<std::string, std::uint32_t> accounts_;
  Owner owner_;  // of the objects that are being marked
};

}  // namespace store
