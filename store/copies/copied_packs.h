// Which packs a copy has, with as few requests as it takes to be sure.
#pragma once

#include <set>

#include "store/format/pack.h"
#include "store/storage/storage.h"

namespace store {

// For one thread. Fails like the storage.
class CopiedPacks {
 public:
  // Lists the packs. `is_new`: the copy has no commit yet. `copy` must outlive this.
  CopiedPacks(Storage& copy, bool is_new);

  bool is_listed(const PackName& pack) const { return listed_.contains(pack); }

  // Whether the pack is listed, or there by its name. In a new copy without a listed pack nothing
  // is looked for: if only the listing is late, a pack is sent twice, which changes nothing.
  bool has(const PackName& pack);

  // The same by its name alone, for a commit that is to rely on the pack: a late listing may show
  // one that was removed by another hand than mailstow's, which never needs again what it removes.
  bool is_there(const PackName& pack);

  // After it was sent.
  void add(const PackName& pack);
  // After it was read: it is there, unless it was deleted and an older version of it was read.
  void add_read(const PackName& pack);

 private:
  bool find(const PackName& pack);

  Storage& copy_;
  std::set<PackName> listed_;
  std::set<PackName> found_;   // sent, read, or there by their names
  std::set<PackName> absent_;  // not there when they were looked for
  bool is_empty_ = false;
};

}  // namespace store
