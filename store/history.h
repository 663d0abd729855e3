// What happened to an account between its snapshots: which messages appeared, and which vanished.
//
// "When" is as exact as the snapshots are: a message that the snapshot of Monday has and that of
// Tuesday has not vanished between the two. What was in a folder at a moment needs no history:
// Reader::newest_snapshot(account, moment) and the folders of that.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/uid.h"
#include "base/zoned_time.h"
#include "store/format/snapshot.h"
#include "store/reader.h"

namespace store {

// A message as a folder held it. Its flags are in the snapshot that has it.
struct HeldMessage {
  base::Uid uid;
  MessageId message;
  base::ZonedTime internal_date;
  std::uint64_t size = 0;
  bool operator==(const HeldMessage&) const = default;
};

enum class FolderFate {
  kStayed,
  kAppeared,
  kVanished,
  kRenamed,     // told by MAILBOXID, or by UIDVALIDITY and equal messages
  kRegenerated  // another UIDVALIDITY: messages are told apart by content, not by UID
};

// Of one folder, from one snapshot to the next in which it was read in full.
struct FolderChange {
  FolderFate fate = FolderFate::kStayed;
  SnapshotInfo before;                // the last that has what vanished
  SnapshotInfo after;                 // the first that has what appeared
  FolderInfo folder;                  // as `after` has it; of a kVanished one as `before` has it
  std::vector<HeldMessage> vanished;  // by UID in `before`
  std::vector<HeldMessage> appeared;  // by UID in `after`
};

// The account's backups (not its rescues) from the last one not after `since`, which is what the
// first changes are told against, to the newest; without it, from the first one. A folder that
// could not be read, or only in part, changes nothing until it is read again. Reads only what
// differs. Fails with kDamaged where a snapshot can't be read.
void for_each_change(Reader& reader, std::string_view account,
                     std::optional<std::chrono::sys_seconds> since,
                     const std::function<void(const FolderChange&)>& take);

// Which of the messages the snapshot has anywhere: what vanished from one folder may have been
// moved to another. Takes time in proportion to the snapshot.
std::set<MessageId> held_anywhere(Reader& reader, const SnapshotInfo& snapshot,
                                  const std::set<MessageId>& messages);

}  // namespace store
