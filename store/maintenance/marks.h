// The objects that living snapshots need, by their places. Kept in a temporary database beside the
// index, so that memory stays bounded whatever the size of the store.
//
// For one thread.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/file_system.h"
#include "store/index/index.h"

namespace store {

// The folder that an object is stored with, among those that need it. Two folders of one account
// may have one number, which only lays their mail together.
struct Owner {
  // What several accounts need lies together, too: otherwise each of them would read the blocks of
  // the others for it.
  static constexpr std::uint32_t kShared = UINT32_MAX;

  std::uint32_t account = 0;  // numbered from 1 in one run; 0: no snapshot needs the object
  std::uint32_t folder = 0;   // a hash of its name; 0: it belongs to the account as a whole; if it
                              // is shared, the number of the first account
  auto operator<=>(const Owner&) const = default;
};

struct Mark {
  std::uint32_t start = 0;  // of the object, in its block
  Owner owner;
};

class Marks {
 public:
  // Creates the file in `directory`; it is removed with this object.
  explicit Marks(const base::Path& directory);
  Marks(const Marks&) = delete;
  Marks& operator=(const Marks&) = delete;
  ~Marks();

  // Returns whether the object was not marked yet. It keeps the first owner that it was marked for,
  // unless another account needs it as well.
  bool add(const ObjectPlace& object, const Owner& owner = {});

  bool contains(const ObjectPlace& object);

  // The marked objects of a block, in the order of their positions.
  std::vector<Mark> marks_in(std::int64_t block);

  // Of a pack (Index::PackRow::row): the marked bytes, before compression, and the marked objects.
  std::uint64_t bytes_in(std::int64_t pack) const;
  std::uint64_t objects_in(std::int64_t pack) const;

  std::uint64_t count() const { return count_; }

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
  struct Total {
    std::uint64_t bytes = 0;
    std::uint64_t objects = 0;
  };
  std::map<std::int64_t, Total> totals_;  // by pack
  std::uint64_t count_ = 0;
};

}  // namespace store
