// An index for the duration of a repair. The store's own index stays as it is, with everything that
// it alone knows, until the checkpoint is durable; then it catches up as after any other commit.
#pragma once

#include "base/file_system.h"
#include "store/format/block.h"
#include "store/format/location.h"
#include "store/index/index.h"

namespace store {

// Makes an empty directory for an index, with the mark of the highest commit that the store's index
// has, the identity of this host and what is known of the store's fence, and removes it in the end.
class ScratchIndex {
 public:
  // `name`: of the directory, below that of the store's index. `files` must outlive it.
  ScratchIndex(const Location& location, base::FileSystem& files, const char* name);
  ScratchIndex(const ScratchIndex&) = delete;
  ScratchIndex& operator=(const ScratchIndex&) = delete;
  ~ScratchIndex();

  // The store, with this index.
  const Location& location() const { return location_; }

 private:
  void copy_mark(const base::Path& from, const base::Path& to);
  void clear();

  Location location_;
  base::FileSystem& files_;
};

// The store's index after it has caught up: a copy of it in `scratch`, because catching up drops
// data that only a lost or damaged pack had. Fails as Index::open and catch_up() do.
Index caught_up_copy(const Location& location, base::FileSystem& files, const BlockContext& context,
                     const ScratchIndex& scratch);

}  // namespace store
