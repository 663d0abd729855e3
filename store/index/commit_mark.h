// The highest commit, kept outside the store: beside the index, and beside the key file, so that
// neither a store nor a store with its index can be restored to an older state unnoticed. Reports
// contain it too.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "store/format/block.h"
#include "store/format/location.h"
#include "store/format/object_id.h"

namespace store {

class Index;

struct CommitMark {
  std::uint64_t number = 0;  // 0: no commit
  ObjectId id;
  bool operator==(const CommitMark&) const = default;
};

// The higher of the two marks; number 0 if neither exists. Fails with kDamaged if one is not what
// was written.
CommitMark load_highest_commit(base::FileSystem& files, const Location& location,
                               const StoreId& store);

// The mark beside the index only, which needs no key.
CommitMark noted_highest_commit(base::FileSystem& files, const Location& location);

// The same as a line for people, who can keep it to recognise an older state of the store.
std::string describe_highest_commit(base::FileSystem& files, const Location& location);

// To be called only after the commit is durable. If the key file's directory is not writable, the
// mark beside the index is the only one.
void save_highest_commit(base::FileSystem& files, const Location& location, const StoreId& store,
                         const CommitMark& mark);

// Fails with kDamaged if the store has been restored to an older state: if it lacks the highest
// commit known outside it, or `recorded`, of which it has a record, or has a different one of that
// number. `forked`: commits of other branches, which are in the store as well.
void check_highest_commit(base::FileSystem& files, const Location& location, const StoreId& store,
                          Index& index, const CommitMark& recorded = {},
                          const std::vector<CommitMark>& forked = {});

// For readers, which can do their work on an older state: the same as a line that reports it, or
// "". Changes nothing.
std::string doubt_about_state(base::FileSystem& files, const Location& location,
                              const StoreId& store, Index& index);

}  // namespace store
