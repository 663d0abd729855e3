#include "store/index/stored_packs.h"

#include <optional>

#include <fmt/core.h>

#include "base/error.h"
#include "store/format/layout.h"
#include "store/format/right_version.h"

namespace store {

void StoredPacks::list(const std::set<PackName>& without) {
  present_.clear();
  for (const std::string& key : storage_.list(kPacksArea)) {
    if (const std::optional<PackName> pack = pack_name(key)) present_.insert(*pack);
  }
  for (const PackName& name : without) present_.erase(name);
  absent_ = without;
  without_ = without;
}

bool StoredPacks::has(const PackName& name) {
  if (present_.contains(name)) return true;
  if (absent_.contains(name)) return false;
  bool is_there = true;  // also if something else has its name: reading it reports that
  base::why_unreadable([&] {
    const BlobName blob = blob_of(name);
    is_there = !storage_.reads_older_version(blob) && storage_.size(blob).has_value();
  });
  (is_there ? present_ : absent_).insert(name);
  return is_there;
}

void StoredPacks::note_absent(const PackName& name) {
  present_.erase(name);
  absent_.insert(name);
}

bool StoredPacks::has_older(const PackName& name) {
  if (without_.contains(name)) return false;
  const auto [known, is_new] = older_.try_emplace(name, false);
  if (!is_new) return known->second;
  // An earlier look in this process chose a version; a listed pack may be read in a wrong one.
  const bool is_chosen = !present_.contains(name) && storage_.reads_older_version(blob_of(name));
  known->second = is_chosen || choose_right_pack(storage_, name);
  return known->second;
}

bool StoredPacks::has_needed_older(const PackName& name) {
  if (!has_older(name)) return false;
  present_.insert(name);
  absent_.erase(name);
  needed_older_.insert(name);
  return true;
}

std::string older_pack(const Storage& storage, const PackName& name) {
  return fmt::format(
      "pack {}: it was deleted or replaced, and is read in an older version: mailstow-backupd "
      "check --repair puts that back",
      storage.display_name(blob_of(name)));
}

}  // namespace store
