// The differences between two snapshots in the terms of a user: a message that left one folder and
// appeared in another was moved.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/reader.h"
#include "store/snapshot_difference.h"

namespace restore {

struct FolderRename {
  store::FolderFate fate = store::FolderFate::kAppeared;  // or kVanished, kRenamed, kRegenerated
  std::string folder;                                     // shown; if kVanished, as it was
  std::string from;                                       // of kRenamed: the earlier name
};

enum class MessageFate { kAdded, kRemoved, kMoved, kFlags };
std::string_view word(MessageFate fate);  // "added", "removed", "moved", "flags"

struct MessageChange {
  MessageFate fate = MessageFate::kAdded;
  std::string folder;  // shown; if kRemoved, the folder that it left
  std::uint32_t uid_validity = 0;
  store::HeldMessage message;
  std::vector<std::string> flags;  // as in the newer snapshot; if kRemoved, as in the older
  // The same in the older snapshot; only with kMoved and kFlags.
  std::string from_folder;
  base::Uid from_uid;
  std::vector<std::string> from_flags;
};

// A folder that was not read in full in one of the two snapshots: what it lacks may have been
// there.
struct UncertainFolder {
  std::string folder;  // shown; if the newer snapshot has it no longer, as it was
  std::string from;    // its name in the older one; empty: that does not have it
};

struct SnapshotChanges {
  std::vector<FolderRename> folders;
  std::vector<MessageChange> messages;  // by folder, removed ones last
  std::vector<UncertainFolder> uncertain;
};

// All differences. A message is paired by content: first within its folder (it got a new UID),
// then with one that left another folder. One that only got a new UID is not a change.
SnapshotChanges find_changes(store::Reader& reader, const store::SnapshotInfo& older,
                             const store::SnapshotInfo& newer);

}  // namespace restore
