// The history of an account between its snapshots: which messages appeared, and which vanished.
//
// Times are as exact as the snapshots are: a message that is in Monday's snapshot but not in
// Tuesday's vanished between the two. The content of a folder at a given moment needs no history:
// Reader::newest_snapshot(account, moment) and its folders show it.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mail/uid.h"
#include "base/mail/zoned_time.h"
#include "store/format/snapshot.h"
#include "store/reader.h"

namespace store {

// A message as a folder held it. Its flags are in the snapshot that contains it.
struct HeldMessage {
  base::Uid uid;
  MessageId message;
  Sha256 digest;
  std::optional<base::ZonedTime> internal_date;  // nullopt: unknown
  std::uint64_t size = 0;
  bool operator==(const HeldMessage&) const = default;
};

enum class FolderFate {
  kStayed,
  kAppeared,
  kVanished,
  kRenamed,     // recognised by MAILBOXID, or by UIDVALIDITY and equal messages
  kRegenerated  // a different UIDVALIDITY: messages are matched by content, not by UID
};

// The changes of one folder between two consecutive snapshots in which it was read in full.
struct FolderChange {
  FolderFate fate = FolderFate::kStayed;
  SnapshotInfo before;                // the last that contains the vanished messages
  SnapshotInfo after;                 // the first that contains the appeared messages
  FolderInfo folder;                  // as in `after`; if kVanished, as in `before`
  std::vector<HeldMessage> vanished;  // by UID in `before`
  std::vector<HeldMessage> appeared;  // by UID in `after`
};

// Goes through the account's backups (not its rescues) up to the newest. It starts with
// `start`, or, if that is not a backup, with the last backup before it, which the first changes are
// relative to; or with the first backup if `start` is not given. A folder that could not be read,
// or only in part, changes nothing until it is read again. Reads only the differences. Fails with
// kDamaged if a snapshot can't be read.
void for_each_change(Reader& reader, std::string_view account,
                     const std::optional<SnapshotInfo>& start,
                     const std::function<void(const FolderChange&)>& take);

// Returns those of the messages that the snapshot contains in any folder: a message that vanished
// from one folder may have been moved to another. Takes time in proportion to the snapshot;
// for_each_holder() (store/content_holders.h) takes far less, where the messages' digests are
// known.
std::set<MessageId> held_anywhere(Reader& reader, const SnapshotInfo& snapshot,
                                  const std::set<MessageId>& messages);

}  // namespace store
