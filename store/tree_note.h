// The newest state of a tree's record, kept beside the index: an older record that was put back
// into the store must not make a sweep delete the tree earlier.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/file_system.h"
#include "store/format/location.h"

namespace store {

struct TreeNote {
  std::uint64_t counter = 0;  // of the record, at its last noted change; 0: there is no note
  std::chrono::sys_seconds expires{};
  int state = 0;  // TreeState
  bool operator==(const TreeNote&) const = default;
};

// An unreadable note is as good as a missing one, and logged.
TreeNote load_tree_note(base::FileSystem& files, const Location& location, const std::string& id);

// Fails with kIo, kNoSpace.
void save_tree_note(base::FileSystem& files, const Location& location, const std::string& id,
                    const TreeNote& note);

void remove_tree_note(base::FileSystem& files, const Location& location, const std::string& id);

}  // namespace store
