// Checks whether a copy of a store, in a bucket, or made elsewhere by any file-copying tool, could
// be restored from.
#pragma once

#include <optional>

#include "store/index/commit_mark.h"
#include "store/index/past_commit.h"
#include "store/maintenance/check.h"

namespace store {

struct CopyReport {
  CheckReport check;  // of the copy
  CommitMark newest;  // the newest commit made in the store
  // The copy's commit of this number differs: its history is a different one.
  bool is_other = false;
  // The commit as of which the copy was checked; nullopt: the newest.
  std::optional<PastCommit> past = {};

  // Commits made since the copy was made. Not for `past`.
  std::uint64_t commits_behind() const {
    const std::uint64_t have = check.highest.number;
    return newest.number > have ? newest.number - have : 0;
  }
};

// `copy`: a directory or a bucket with the content that the original had. It needs neither key nor
// index: one is built below `original.index` and removed again. Writes nothing to the copy, and
// reads nothing from the store. Fails with kKey if the store's key does not open the copy,
// kNotFound if there is no store in `copy`, and as the storage does. `wanted`: the commit as of
// which the copy is checked, for which it also fails as open_past() does.
CopyReport check_copy(const Location& original, const Location& copy, base::FileSystem& files,
                      const CheckOptions& options,
                      const std::optional<WantedCommit>& wanted = std::nullopt);

}  // namespace store
