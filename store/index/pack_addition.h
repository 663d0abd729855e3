// Adds packs that were found to an index, with what their commits say.
#pragma once

#include <set>
#include <vector>

#include "store/format/compression.h"
#include "store/format/pack.h"
#include "store/index/found_packs.h"
#include "store/index/index.h"
#include "store/storage/storage.h"

namespace store {

struct Addition {
  std::set<PackName> returned = {};  // packs that were missing, and whose commits the index has
  std::set<PackName> left_out = {};  // packs that are not added
  bool adds_disputed = true;  // whether the packs that only commits condemn which lost a fork
  // Whether condemned packs stay readable until they are deleted: another program on this machine
  // may be reading a snapshot that has been dropped since.
  bool keeps_condemned = false;
};

// For one thread. Fails like the storage and the index.
class PackAddition {
 public:
  // All of them must outlive it.
  PackAddition(Storage& storage, const BlockContext& context, FoundPacks& found, Index& index,
               Decompressor& decompressor)
      : storage_(storage),
        context_(context),
        found_(found),
        index_(index),
        decompressor_(decompressor) {}

  // All packs of `found`, in the order of their commits, but for condemned ones.
  void add(const Addition& addition);

  // Packs that no commit of the index names or needs, for those of their objects that no other pack
  // has: condemned ones last, because they may be damaged. What their commits say does not count.
  // Leaves out those that the index has, and those that can't be read.
  void add_spare(std::vector<FoundPack> packs);

 private:
  Pack take_contents(FoundPack& pack);
  void add_spare(FoundPack& pack);
  void add_forked(const Addition& addition);
  void add_condemned();
  bool is_condemned(const PackName& pack) const { return found_.condemned().contains(pack); }

  Storage& storage_;
  const BlockContext& context_;
  FoundPacks& found_;
  Index& index_;
  Decompressor& decompressor_;
};

}  // namespace store
