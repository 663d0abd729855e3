// Notices where a storage gives one pack in the place of another: a cache that mixes up its
// answers, or a copy under a wrong name. The end of a pack proves its content, but not its name.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/format/pack.h"
#include "store/index/found_packs.h"
#include "store/index/index.h"
#include "store/storage/storage.h"

namespace store {

// For one thread.
class PackIdentities {
 public:
  // Both must outlive it.
  PackIdentities(Storage& storage, Index& index) : storage_(storage), index_(index) {}

  // To be called with each pack that was read, before it is added to `found`. Only where two have
  // the same id, they are read whole: fails with kDamaged if `pack` does not have the bytes that
  // its name stands for, and moves one of `found` that does not to `unreadable`. Fails like the
  // storage.
  void require_own(const Pack& pack, FoundPacks& found,
                   std::vector<std::pair<PackName, std::string>>& unreadable);

 private:
  std::string why_foreign(const PackName& name);

  Storage& storage_;
  Index& index_;
  std::optional<std::map<PackId, PackName>> names_;
};

}  // namespace store
