// The objects that living snapshots need, by their places. Kept in a temporary database beside the
// index, so that memory stays bounded whatever the size of the store.
//
// For one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/file_system.h"
#include "store/index/index.h"

namespace store {

// Numbers the accounts of one run from 1. 0: the object is needed by none, or by no snapshot.
using AccountNumber = std::uint32_t;

struct Mark {
  std::uint32_t start = 0;  // of the object, in its block
  AccountNumber account = 0;
};

class Marks {
 public:
  // Creates the file in `directory`; it is removed with this object.
  explicit Marks(const base::Path& directory);
  Marks(const Marks&) = delete;
  Marks& operator=(const Marks&) = delete;
  ~Marks();

  // Returns whether the object was not marked yet. It keeps the first account that it was marked
  // for.
  bool add(const ObjectPlace& object, AccountNumber account = 0);

  // The marked objects of a block, in the order of their positions.
  std::vector<Mark> marks_in(std::int64_t block);

  // Marked bytes in a pack (Index::PackRow::row), before compression.
  std::uint64_t bytes_in(std::int64_t pack) const;

  std::uint64_t count() const { return count_; }

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
  std::map<std::int64_t, std::uint64_t> bytes_;  // by pack
  std::uint64_t count_ = 0;
};

}  // namespace store
