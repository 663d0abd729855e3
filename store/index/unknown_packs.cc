#include "store/index/unknown_packs.h"

#include <optional>
#include <set>

#include "store/format/layout.h"

namespace store {

std::vector<PackName> unknown_packs(const std::vector<std::string>& listed, Index& index) {
  std::set<PackName> unknown;
  for (const std::string& name : listed) {
    if (const std::optional<PackName> pack = pack_name(name)) unknown.insert(*pack);
  }
  for (const PackName& pack : index.packs()) unknown.erase(pack);
  for (const PackName& pack : index.condemned()) unknown.erase(pack);
  return {unknown.begin(), unknown.end()};
}

}  // namespace store
