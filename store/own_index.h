// An index of readers: on a machine that only reads a store, while another one backs up to it. The
// index of the writers is not there, and their locks may not be visible.
#pragma once

#include <string>
#include <vector>

#include "base/file_system.h"
#include "store/format/block.h"
#include "store/format/location.h"

namespace store {

// Adds what writers have stored since the last time, as a whole or not at all, so that other
// readers with this index always see one state of the store. Waits at most 10 s for one that does
// the same. An index that is absent is created, from the store's copy if it has one
// (store/index/index_copy.h).
//
// A listing may be late: what the writers stored lately may be missing afterwards, and packs that
// they removed may still be known. Logs a warning for each pack that is missing or can't be read,
// and returns these lines.
// Fails with kConfig if the index belongs to writers, and as Index and the storage do.
std::vector<std::string> catch_up_own_index(const Location& location, base::FileSystem& files,
                                            const BlockContext& context);

}  // namespace store
