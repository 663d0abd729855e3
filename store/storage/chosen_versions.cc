#include "store/storage/chosen_versions.h"

#include <algorithm>

namespace store {

void ChosenVersions::choose(const BlobName& name, const std::string& id, InListings in_listings) {
  const std::lock_guard lock(mutex_);
  if (id.empty()) {
    choices_.erase(name);
    return;
  }
  Choice& choice = choices_[name];
  choice.id = id;
  if (in_listings == InListings::kAlways) choice.in_listings = in_listings;
}

std::string ChosenVersions::of(const BlobName& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = choices_.find(name);
  return found == choices_.end() ? "" : found->second.id;
}

void ChosenVersions::forget(std::span<const BlobName> names) {
  const std::lock_guard lock(mutex_);
  if (choices_.empty()) return;
  for (const BlobName& name : names) choices_.erase(name);
}

void ChosenVersions::add_keys(std::string_view area, std::string_view prefix,
                              std::string_view after, std::vector<std::string>& keys) const {
  const std::lock_guard lock(mutex_);
  if (choices_.empty()) return;
  for (const auto& [name, choice] : choices_) {
    const bool is_wanted = choice.in_listings == InListings::kAlways && name.area() == area &&
                           name.key().starts_with(prefix) && name.key() > after;
    if (is_wanted) keys.push_back(name.key());
  }
  std::ranges::sort(keys);
  const auto repeated = std::ranges::unique(keys);
  keys.erase(repeated.begin(), repeated.end());
}

}  // namespace store
