// The highest commit, kept outside the store: beside the index, and beside the key file, so that
// neither a store nor a store with its index can be put back to an older state unnoticed. Reports
// tell it too.
#pragma once

#include <cstdint>
#include <string>

#include "base/file_system.h"
#include "store/format/block.h"
#include "store/format/location.h"
#include "store/format/object_id.h"

namespace store {

class Index;

struct CommitMark {
  std::uint64_t number = 0;  // 0: there is no commit
  ObjectId id;
  bool operator==(const CommitMark&) const = default;
};

// The higher of the two; number 0 if neither exists. Fails with kDamaged if one is not what was
// written.
CommitMark load_highest_commit(base::FileSystem& files, const Location& location,
                               const StoreId& store);

// The mark beside the index alone, which needs no key.
CommitMark noted_highest_commit(base::FileSystem& files, const Location& location);

// The same as a line for people: who keeps it can tell an older state of the store by it.
std::string describe_highest_commit(base::FileSystem& files, const Location& location);

// Only ever after the commit is durable. Where the key file's folder can't be written to, the mark
// beside the index is all there is.
void save_highest_commit(base::FileSystem& files, const Location& location, const StoreId& store,
                         const CommitMark& mark);

// Fails with kDamaged if the store has been put back to an older state: if the highest commit known
// outside it is not there, or is another one. What is newer is noted.
void check_highest_commit(base::FileSystem& files, const Location& location, const StoreId& store,
                          Index& index);

}  // namespace store
