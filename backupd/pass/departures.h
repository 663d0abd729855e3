// Which messages left an account during a pass: a mass deletion is told by it, and mail that was
// moved is not mistaken for one.
#pragma once

#include <cstdint>
#include <vector>

#include "store/format/object_id.h"
#include "store/format/snapshot.h"
#include "store/reader.h"

namespace backupd {

class Departures {
 public:
  // From a folder that had it at the last backup.
  void left(const store::MessageId& message) { left_.push_back(message); }

  // All that is in it: the folder is gone, or is another one now. What is damaged is not counted.
  void all_left(store::Reader& reader, const store::FolderRecord& folder);

  // Into a folder. Only those that the store knew matter: no other can have left one.
  void arrived(const store::MessageId& message) { arrived_.push_back(message); }

  // How many left a folder and came into no other. One of several equal messages counts as gone.
  std::uint64_t vanished();

 private:
  std::vector<store::MessageId> left_;
  std::vector<store::MessageId> arrived_;
};

}  // namespace backupd
