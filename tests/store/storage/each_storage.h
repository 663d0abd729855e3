// What the suites of a store run on: a directory, and object storage whose listings prove nothing.
#pragma once

#include <cstdint>
#include <memory>

#include <gtest/gtest.h>

#include "tests/store/storage/model_storage.h"

namespace tests {

enum class HeldBy {
  kDirectory,
  kLateListings,  // the model; its listings show an earlier state, and that without many names
};

inline StorageFaults late_listings(std::uint64_t seed) {
  return {.seed = static_cast<std::uint32_t>(seed), .late_listings = 5, .missing_names = 40};
}

// Null: a directory.
inline std::shared_ptr<ModelStorage> model_of(HeldBy held_by, std::uint64_t seed = 1) {
  if (held_by == HeldBy::kDirectory) return nullptr;
  auto model = std::make_shared<ModelStorage>(store::StorageTraits{.creates_once = true});
  model->set_faults(late_listings(seed));
  return model;
}

// The fixture of a suite with TEST_P, which is to be instantiated twice, each time with what is
// below: so each is a suite of its own.
template <typename Fixture>
class OnEachStorage : public Fixture, public testing::WithParamInterface<HeldBy> {
 protected:
  OnEachStorage() : Fixture(testing::WithParamInterface<HeldBy>::GetParam()) {}
};

inline auto a_directory() {
  return testing::Values(HeldBy::kDirectory);
}
inline auto a_late_storage() {
  return testing::Values(HeldBy::kLateListings);
}

}  // namespace tests
