// The check and the repair of commit records and owner records.
#pragma once

#include <string>
#include <vector>

#include "store/format/block.h"
#include "store/index/index.h"
#include "store/storage/storage.h"
#include "store/write_session.h"

namespace store {

// The keys in the areas of the records.
struct ListedRecords {
  std::vector<std::string> commits;
  std::vector<std::string> owners;
};
ListedRecords list_records(Storage& storage);

// A line for each of them that can't be read, and for each that names a commit that differs from
// that in the index, or one that is in no pack. Records from before the last checkpoint do not
// count, and neither do missing ones. `listed` before the index was read: a writer may add some.
std::vector<std::string> check_records(Storage& storage, const BlockContext& context, Index& index,
                                       const ListedRecords& listed);

// Removes what is not a record: it has nothing that a pack lacks. Needs the store's lock.
void remove_damaged_records(Storage& storage, const BlockContext& context);

// Publishes the missing records of all commits since the last checkpoint.
void write_missing_records(WriteSession& session);

}  // namespace store
