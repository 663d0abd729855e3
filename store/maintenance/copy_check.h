// Checks whether a copy of a store, made elsewhere by any file-copying tool, could be restored
// from.
#pragma once

#include "store/index/commit_mark.h"
#include "store/maintenance/check.h"

namespace store {

struct CopyReport {
  CheckReport check;  // of the copy
  CommitMark newest;  // the newest commit made in the store
  // The copy's commit of this number differs: its history is a different one.
  bool is_other = false;

  // Commits made since the copy was made.
  std::uint64_t commits_behind() const {
    const std::uint64_t have = check.highest.number;
    return newest.number > have ? newest.number - have : 0;
  }
};

// `copy`: a directory with the content that `original.store` had. It needs no index: one is built
// below `original.index` and removed again. Writes nothing to the copy, and reads nothing from the
// store. Fails with kKey if the store's key does not open the copy, kNotFound if there is no
// store in `copy`.
CopyReport check_copy(const Location& original, const base::Path& copy, base::FileSystem& files,
                      const CheckOptions& options);

}  // namespace store
