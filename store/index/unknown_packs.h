// Packs in the store that the index does not know, so that no reader finds what is in them: a crash
// came before the index was written, or a lost pack was put back. The next writer indexes them.
#pragma once

#include <string>
#include <vector>

#include "store/format/pack.h"
#include "store/index/index.h"

namespace store {

// `listed`: the keys in the area of the packs, listed before the index was opened, because a writer
// adds packs.
std::vector<PackName> unknown_packs(const std::vector<std::string>& listed, Index& index);

// The advice in messages about them.
inline constexpr const char* kReadInPacks =
    "the next backup adds them to the index, and so does mailstow-backupd reindex";

}  // namespace store
