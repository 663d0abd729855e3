// Finds what living snapshots need, and reads it pack by pack.
#pragma once

#include <functional>

#include "store/index.h"
#include "store/marks.h"
#include "store/object_reader.h"
#include "store/pack.h"
#include "store/uid_node.h"

namespace store {

// The marked objects of packs, in the order in which they lie there.
class MarkedObjects {
 public:
  // All must outlive it.
  MarkedObjects(base::FileSystem& files, base::Path packs, const BlockContext& context,
                Marks& marks);

  using Take = std::function<void(const ObjectEntry&, const ObjectPlace&)>;

  // Fails with kDamaged if the pack can't be read or a mark fits no object.
  void for_each(const Index::PackRow& pack, Stream stream, const Take& take);

 private:
  base::FileSystem& files_;
  base::Path packs_;
  const BlockContext& context_;
  Marks& marks_;
  Decompressor decompressor_;
};

// Marks all that is reachable: roots, folders, leaves, messages, then the parts that their records
// name. Fails with kDamaged if anything on the way is not there or can't be read.
class Marking {
 public:
  // All must outlive it.
  Marking(Index& index, ObjectReader& objects, const Keys& keys, Marks& marks);

  void add_root(const ObjectId& root);

  // Once all roots are added.
  void add_parts(MarkedObjects& marked);

 private:
  bool mark(ObjectType type, const ObjectId& id);
  void add_folder(const ObjectId& id);
  void add_node(UidNode& node);
  void add_parts_of(base::ByteView record);

  Index& index_;
  ObjectReader& objects_;
  const Keys& keys_;
  Marks& marks_;
};

}  // namespace store
