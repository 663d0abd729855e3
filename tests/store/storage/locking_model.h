// A model storage that locks.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/store/storage/model_storage.h"

namespace tests {

// Keeps first versions below what was removed, and notes whose locks are extended.
class LockingModel : public ModelStorage {
 public:
  std::optional<std::chrono::days> lock_for() const override { return std::chrono::days(10); }

  std::vector<store::BlobVersion> first_versions(std::string_view area) override {
    std::vector<store::BlobVersion> versions;
    for (const auto& [name, bytes] : contents()) {
      if (name.area() != area || unlisted.contains(name)) continue;
      versions.push_back({.name = name,
                          .id = "v1",
                          .is_removed = removed.contains(name),
                          .is_replaced = replaced.contains(name)});
    }
    return versions;
  }

  store::LockExtension extend_lock(const store::BlobVersion& blob) override {
    extended[blob.name] = blob.id;
    return {.outcome = outcome,
            .why = outcome == store::LockExtension::Outcome::kRefused ? "it was refused" : ""};
  }

  std::set<store::BlobName> unlisted;
  std::set<store::BlobName> removed;
  std::set<store::BlobName> replaced;
  store::LockExtension::Outcome outcome = store::LockExtension::Outcome::kExtended;
  std::map<store::BlobName, std::string> extended;  // with the versions
};

}  // namespace tests
