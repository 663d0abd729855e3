// Whether the commits since the last checkpoint form a chain, and what they name is there.
#pragma once

#include <string>
#include <vector>

#include "store/index/index.h"
#include "store/index/object_reader.h"

namespace store {

// A line for each commit of the index that can't be read; if all can, for each break of the chain
// (find_breaks()). A checkpoint would hide both, because it replaces what earlier commits say.
// Fails with kStorage, and kConfig if a newer version of mailstow wrote a commit.
std::vector<std::string> check_chain(Index& index, ObjectReader& objects);

}  // namespace store
