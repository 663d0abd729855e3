// The messages that left an account during a pass. They reveal a mass deletion, and mail that was
// only moved is not mistaken for one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/format/object_id.h"
#include "store/format/snapshot.h"
#include "store/reader.h"

namespace backupd {

class Departures {
 public:
  // `message` left a folder that had it at the last backup.
  void left(const store::MessageId& message) { left_.push_back(message); }

  // `message` left a folder in which another message has its UID now.
  void replaced(const store::MessageId& message) {
    left(message);
    replaced_.push_back(message);
  }

  // All messages left `folder`: it is gone, or was replaced by a different one of its name. Damaged
  // records are not counted.
  void all_left(store::Reader& reader, const store::FolderRecord& folder);

  // `message` arrived in a folder. Only messages that the store had matter: no others can have
  // left.
  void arrived(const store::MessageId& message) { arrived_.push_back(message); }

  // Takes back all arrivals but the first `arrivals`: their folder's record is not used.
  std::size_t arrivals() const { return arrived_.size(); }
  void take_back_arrivals(std::size_t arrivals) {
    arrived_.erase(arrived_.begin() + static_cast<std::ptrdiff_t>(arrivals), arrived_.end());
  }

  // Returns how many left a folder and arrived in no other. If one of several equal messages left,
  // it counts.
  std::uint64_t vanished() { return not_arrived(left_); }
  std::uint64_t replaced() { return not_arrived(replaced_); }  // of these

 private:
  std::uint64_t not_arrived(std::vector<store::MessageId>& messages);

  std::vector<store::MessageId> left_;
  std::vector<store::MessageId> replaced_;  // of these
  std::vector<store::MessageId> arrived_;
};

}  // namespace backupd
