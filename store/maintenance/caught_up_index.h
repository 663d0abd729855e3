// A copy of the store's index that knows every commit of the store: a writer that was killed may
// have published one that the index lacks until the next writer opens the store.
#pragma once

#include <memory>

#include "base/file_system.h"
#include "store/format/block.h"
#include "store/format/location.h"
#include "store/maintenance/scratch_index.h"

namespace store {

// One at a time for each store's index; removed with this object.
class CaughtUpIndex {
 public:
  // Fails as Index::open and catch_up() do, and with kBusy while another process has one. All
  // arguments must outlive it.
  CaughtUpIndex(const Location& location, base::FileSystem& files, const BlockContext& context);

  // The store, with this index.
  const Location& location() const { return scratch_.location(); }

 private:
  std::unique_ptr<base::FileLock> lock_;
  ScratchIndex scratch_;
};

}  // namespace store
