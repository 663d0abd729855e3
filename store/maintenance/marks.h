// The objects that living snapshots need, by their places. Kept in a scratch database beside the
// index, so that memory stays bounded whatever the store holds.
//
// One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/file_system.h"
#include "store/index/index.h"

namespace store {

class Marks {
 public:
  // The file is made in `folder` and is removed with this object.
  explicit Marks(const base::Path& folder);
  Marks(const Marks&) = delete;
  Marks& operator=(const Marks&) = delete;
  ~Marks();

  // True if it was not marked yet.
  bool add(const ObjectPlace& object);

  // Where the marked objects of a block begin, ascending.
  std::vector<std::uint32_t> starts_in(std::int64_t block);

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
