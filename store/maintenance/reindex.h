// Rebuilds the index from the packs, or for a store in a bucket, if there is no index, from the
// index's copy there (store/index/index_copy.h) and the packs that came later.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "store/format/location.h"
#include "store/format/right_version.h"

namespace store {

struct ReindexOptions {
  // False: all packs are read, whether there is a copy or not. They are also read if there is an
  // index: it may be wrong, and then its copy, too.
  bool uses_copy = true;
  Versions versions = Versions::kNewest;
};

struct ReindexReport {
  std::uint64_t packs = 0;
  std::uint64_t messages = 0;
  std::uint64_t copy = 0;           // the number of the copy's commit; 0: all packs were read
  std::vector<std::string> damage;  // packs that could not be indexed, one line each
};

// The new index takes the place of the old one as a whole, once it is complete; until then readers
// use the old one, for which the disk needs room besides. Takes the store's lock: fails with kBusy
// while another process writes, and as Writer::open does. If a newer version of mailstow wrote to
// the store (kConfig), nothing is changed. If anything else is wrong with it, all packs are read,
// so that the report is complete.
//
// kFirst: of a storage that keeps versions, the store as it was before anything in it was replaced
// or removed, packs that a prune has deleted included, to read what an attacker has left; without a
// copy. All that opens the store with this index then reads first versions, until a repair or
// another reindex; nothing can be committed meanwhile. Fails with kConfig if the storage keeps no
// versions.
//
// Removes the indexes as of earlier commits, too (store/maintenance/past_index.h).
//
// With Location::has_own_index, rebuilds the index of the readers on this machine, without a search
// index and without the store's lock; fails with kBusy while another process does the same.
ReindexReport reindex(const Location& location, base::FileSystem& files,
                      const ReindexOptions& options = {});

}  // namespace store
