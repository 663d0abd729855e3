#include "store/index/pack_identities.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.h"

namespace store {

void PackIdentities::require_own(const Pack& pack, FoundPacks& found,
                                 std::vector<std::pair<PackName, std::string>>& unreadable) {
  if (!names_) names_ = index_.pack_ids();
  const auto [known, is_new] = names_->emplace(pack.id, pack.name);
  if (is_new || known->second == pack.name) return;
  const PackName other = known->second;
  const auto earlier = std::ranges::find(found.packs(), other, &FoundPack::name);
  if (earlier != found.packs().end()) {
    if (std::string why = why_foreign(other); !why.empty()) {
      unreadable.emplace_back(other, std::move(why));
      found.packs().erase(earlier);
    }
  }
  if (const std::string why = why_foreign(pack.name); !why.empty()) {
    base::fail(base::ErrorCode::kDamaged, "{}", why);
  }
  known->second = pack.name;
}

// Empty: the pack has the bytes that its name stands for.
std::string PackIdentities::why_foreign(const PackName& name) {
  PackFile pack = PackFile::open(storage_, name);
  if (pack.hold(0) == name) return {};
  return fmt::format("{}: another pack was read in its place", pack.name());
}

}  // namespace store
