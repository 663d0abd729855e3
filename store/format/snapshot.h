// The state of one account at one moment: what a backup records and a restore chooses from.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mail/uid.h"
#include "base/mail/zoned_time.h"
#include "store/format/object_id.h"

namespace store {

// One message in one folder.
struct MessageEntry {
  base::Uid uid;
  MessageId message;
  std::optional<base::ZonedTime> internal_date;  // nullopt: unknown
  std::uint64_t size = 0;                        // bytes
  std::vector<std::string> flags;                // sorted, each once, without \Recent
  std::uint64_t modseq = 0;                      // 0: unknown
  std::string server_id = {};                    // EMAILID or X-GM-MSGID; empty: unknown
  bool operator==(const MessageEntry&) const = default;
};

// A message that is on the server but could not be stored. It is tried again next time.
struct SkippedMessage {
  base::Uid uid;
  std::string reason;
  bool operator==(const SkippedMessage&) const = default;
};

// Further data of an account or a folder, kept as the server sent it: subscription, ACL, METADATA.
struct Property {
  std::string name;
  std::string value;
  bool operator==(const Property&) const = default;
};

enum class FolderCompleteness {
  kComplete,
  kInProgress,  // the run ended before everything was fetched; the next one continues
  kUnreadable,  // could not be opened: the record is its last good state
  kContainer,   // cannot hold messages (\Noselect): only its name
};

// True if the folder's messages are those that the server had: what it lacks was not there.
constexpr bool is_known_in_full(FolderCompleteness completeness) {
  return completeness == FolderCompleteness::kComplete ||
         completeness == FolderCompleteness::kContainer;
}

// The data recorded of a folder beside its messages.
struct FolderInfo {
  std::string raw_name;  // the exact bytes of LIST: its key in the account
  char delimiter = 0;    // 0: no hierarchy
  std::vector<std::string> attributes;
  std::string mailbox_id;  // empty: the server reported none
  std::uint32_t uid_validity = 0;
  std::uint32_t uid_next = 0;
  std::uint64_t highest_modseq = 0;  // as EXAMINE answered; 0: unknown
  FolderCompleteness completeness = FolderCompleteness::kComplete;
  std::string trouble;  // why it is kUnreadable, or kInProgress though nothing is left to fetch
  std::vector<SkippedMessage> skipped;
  std::chrono::sys_seconds last_full_scan{};
  std::vector<Property> properties = {};
  bool operator==(const FolderInfo&) const = default;
};

// SHA-256 over lines `UID SP hex(SHA-256(message)) LF` in ascending UID order.
struct Receipt {
  std::uint64_t messages = 0;
  Sha256 digest;
  bool operator==(const Receipt&) const = default;
};

// A folder's state in a snapshot.
struct FolderRecord {
  ObjectId id;  // equal ids: nothing in the folder differs
  FolderInfo info;
  Receipt receipt;
  std::uint64_t bytes = 0;  // of its messages
};

enum class SnapshotKind { kBackup, kRescue };  // kRescue: mail that a sweep found in a tree

enum class SnapshotStatus {
  kComplete,
  kPartial,  // some folder is not kComplete, or some message was skipped
  kMoving,   // folders kept changing during the pass
};

constexpr std::string_view word(SnapshotStatus status) {
  switch (status) {
    case SnapshotStatus::kComplete:
      return "complete";
    case SnapshotStatus::kPartial:
      return "partial";
    case SnapshotStatus::kMoving:
      return "moving";
  }
  return "partial";
}

// The end of a pin that has no end: of the year 9999.
inline constexpr std::chrono::sys_seconds kPinnedWithoutEnd{std::chrono::seconds(253'402'300'799)};

struct SnapshotInfo {
  ObjectId id;  // of this snapshot: its root, account and time
  std::string account;
  std::chrono::sys_seconds time{};  // when its pass began
  SnapshotKind kind = SnapshotKind::kBackup;
  SnapshotStatus status = SnapshotStatus::kComplete;
  std::string personal_prefix;  // of the account's namespace; not shown in names
  std::uint64_t folders = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t vanished = 0;  // messages of the previous backup that are in no folder here
  // From 1 in the order in which the account's snapshots were made, whatever the clock said: of
  // two snapshots the one with the higher number is newer.
  std::uint64_t sequence = 0;
  // Until then nothing drops it (kPinnedWithoutEnd: ever); 1970: it was never pinned.
  std::chrono::sys_seconds pinned_until{};

  bool is_pinned(std::chrono::sys_seconds now) const { return pinned_until > now; }
  bool operator==(const SnapshotInfo&) const = default;
};

}  // namespace store
