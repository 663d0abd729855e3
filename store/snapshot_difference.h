// The differences between two snapshots of an account, whatever lies between them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/format/snapshot.h"
#include "store/history.h"
#include "store/reader.h"

namespace store {

struct FlaggedMessage {
  HeldMessage message;
  std::vector<std::string> flags;
};

struct ChangedFlags {
  HeldMessage message;  // as in the newer snapshot
  std::vector<std::string> older;
  std::vector<std::string> newer;
};

// One folder that differs, or may differ: kStayed if only its messages do.
struct FolderDifference {
  FolderFate fate = FolderFate::kStayed;
  std::optional<FolderInfo> older;  // nullopt if kAppeared
  std::optional<FolderInfo> newer;  // nullopt if kVanished
  // Each in ascending UID order. With kRegenerated (a different UIDVALIDITY or MAILBOXID), where
  // UIDs mean nothing, all that differs by UID and content.
  std::vector<FlaggedMessage> removed;
  std::vector<FlaggedMessage> added;
  std::vector<ChangedFlags> other_flags;

  // Whether one of the two records is not what the server had (FolderCompleteness): what it lacks
  // may have been there.
  bool is_uncertain() const;
};

// Compares `newer` with `older`, two snapshots of one account, either of which may have been made
// first. Folders are paired by MAILBOXID where it is unique, then by name (INBOX in any case), then
// by UIDVALIDITY and equal messages. Calls back for the folders that differ, or may differ because
// is_uncertain(): first those of `newer` in its order, then those that only `older` has. Reads only
// the parts of a folder that differ. Fails with kDamaged.
void for_each_difference(Reader& reader, const SnapshotInfo& older, const SnapshotInfo& newer,
                         const std::function<void(const FolderDifference&)>& take);

}  // namespace store
