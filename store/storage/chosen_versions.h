// The versions in which a storage reads blobs, where these are not the newest ones
// (Storage::choose_version()).
#pragma once

#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/storage/blob_name.h"
#include "store/storage/storage.h"

namespace store {

// Thread-safe.
class ChosenVersions {
 public:
  // Empty: the newest.
  void choose(const BlobName& name, const std::string& id, InListings in_listings);
  std::string of(const BlobName& name) const;

  // After the blobs were written or removed.
  void forget(std::span<const BlobName> names);

  // Adds the keys that a listing is to show, and lacks because their newest version is a marker of
  // a removal.
  void add_keys(std::string_view area, std::string_view prefix, std::string_view after,
                std::vector<std::string>& keys) const;

 private:
  struct Choice {
    std::string id;
    InListings in_listings = InListings::kIfPresent;
  };

  mutable std::mutex mutex_;
  std::map<BlobName, Choice> choices_;
};

}  // namespace store
