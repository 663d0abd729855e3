// Which packs are in a storage: by a listing, by their names, or only in an older version.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "store/format/pack.h"
#include "store/storage/storage.h"

namespace store {

// For one thread. Fails like the storage.
class StoredPacks {
 public:
  explicit StoredPacks(Storage& storage) : storage_(storage) {}

  // Lists the packs. Those of `without` count as absent from then on, whatever is there.
  void list(const std::set<PackName>& without = {});

  // Those that are known to be there.
  const std::set<PackName>& present() const { return present_; }

  // A listing may lack a pack that is there, so it is looked for by its name.
  bool has(const PackName& name);

  // After a look by name has shown that a listed pack is not there.
  void note_absent(const PackName& name);

  // Whether an older version of a pack that is missing or damaged is right: then it is read
  // (choose_right_pack(), store/format/right_version.h).
  bool has_older(const PackName& name);

  // The same for a pack that the store needs: it counts as present, and is among those of
  // needed_older().
  bool has_needed_older(const PackName& name);

  const std::set<PackName>& needed_older() const { return needed_older_; }

 private:
  Storage& storage_;
  std::set<PackName> present_;
  std::set<PackName> absent_;  // looked for by name, or to be left out
  std::set<PackName> without_;
  std::map<PackName, bool> older_;  // as far as it was looked for
  std::set<PackName> needed_older_;
};

// "pack PATH: it was deleted or replaced, ...": a finding.
std::string older_pack(const Storage& storage, const PackName& name);

}  // namespace store
