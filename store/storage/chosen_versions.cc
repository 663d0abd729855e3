#include "store/storage/chosen_versions.h"

#include <algorithm>

namespace store {

void ChosenVersions::choose(const BlobName& name, const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (id.empty()) {
    ids_.erase(name);
  } else {
    ids_[name] = id;
  }
}

std::string ChosenVersions::of(const BlobName& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = ids_.find(name);
  return found == ids_.end() ? "" : found->second;
}

void ChosenVersions::forget(std::span<const BlobName> names) {
  const std::lock_guard lock(mutex_);
  if (ids_.empty()) return;
  for (const BlobName& name : names) ids_.erase(name);
}

void ChosenVersions::add_keys(std::string_view area, std::string_view prefix,
                              std::string_view after, std::vector<std::string>& keys) const {
  const std::lock_guard lock(mutex_);
  if (ids_.empty()) return;
  for (const auto& [name, id] : ids_) {
    const bool is_wanted =
        name.area() == area && name.key().starts_with(prefix) && name.key() > after;
    if (is_wanted) keys.push_back(name.key());
  }
  std::ranges::sort(keys);
  const auto repeated = std::ranges::unique(keys);
  keys.erase(repeated.begin(), repeated.end());
}

}  // namespace store
