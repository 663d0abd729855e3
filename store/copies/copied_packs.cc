#include "store/copies/copied_packs.h"

#include <optional>
#include <string>

#include "store/format/layout.h"

namespace store {

CopiedPacks::CopiedPacks(Storage& copy, bool is_new) : copy_(copy) {
  for (const std::string& key : copy_.list(kPacksArea)) {
    if (const std::optional<PackName> pack = pack_name(key)) listed_.insert(*pack);
  }
  is_empty_ = is_new && listed_.empty();
}

bool CopiedPacks::has(const PackName& pack) {
  if (found_.contains(pack)) return true;
  if (absent_.contains(pack)) return false;
  return listed_.contains(pack) || (!is_empty_ && find(pack));
}

bool CopiedPacks::is_there(const PackName& pack) {
  if (found_.contains(pack)) return true;
  if (copy_.traits().lists_at_once || !listed_.contains(pack)) return has(pack);
  return !absent_.contains(pack) && find(pack);
}

void CopiedPacks::add(const PackName& pack) {
  absent_.erase(pack);
  found_.insert(pack);
}

void CopiedPacks::add_read(const PackName& pack) {
  if (copy_.reads_older_version(blob_of(pack))) {
    absent_.insert(pack);
  } else {
    add(pack);
  }
}

bool CopiedPacks::find(const PackName& pack) {
  const BlobName blob = blob_of(pack);
  const bool is_there = !copy_.reads_older_version(blob) && copy_.size(blob).has_value();
  (is_there ? found_ : absent_).insert(pack);
  return is_there;
}

}  // namespace store
