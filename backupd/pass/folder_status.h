// What the server lists of a folder, compared with the folder's last record: whether it is passed,
// and how much of it is read.
#pragma once

#include <chrono>
#include <string>

#include "imap/folder.h"
#include "store/format/snapshot.h"

namespace backupd {

// Every folder is scanned in full at least this often, whatever its modification sequence says.
inline constexpr std::chrono::days kFullScanInterval{7};

// Whether the server's status says that nothing in the folder differs from `last` (design rule:
// UIDVALIDITY, UIDNEXT, MESSAGES and HIGHESTMODSEQ are all known and equal, nothing was left to do,
// and the last full scan is not too long ago).
bool is_unchanged(const imap::Folder& folder, const store::FolderRecord& last,
                  std::chrono::sys_seconds now);

// Whether STATUS agrees with the last record in all but the sum of sizes: then UIDs may have been
// used again.
bool differs_in_size_only(const imap::Folder& folder, const store::FolderRecord& last);

// The mail that the folder has beyond its last record, or without one, as its status shows it.
struct Beyond {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  bool is_size_known = true;
};
Beyond beyond(const imap::FolderStatus& status, const store::FolderRecord* last);

// How the status differs from the record, so that the folder is not settled; empty: no difference.
// Like is_unchanged(), within one pass and for servers without HIGHESTMODSEQ too: a change of flags
// alone does not cause another round. Values that only one of them has are not compared (Courier's
// EXAMINE has no UIDNEXT).
std::string change_of(const imap::Folder& folder, const store::FolderRecord& record);

// Whether nothing is missing in the record, and it and the status know the same UIDVALIDITY,
// UIDNEXT and number of messages.
bool agrees(const imap::FolderStatus& status, const store::FolderRecord& record);

// Whether the record is complete and change_of() finds no change.
bool is_settled(const imap::Folder& folder, const store::FolderRecord& record);

// Whether the time has come to scan the folder in full, or changes can't be asked for.
bool is_scan_due(const store::FolderInfo& last, std::chrono::sys_seconds now);

// The changes since a baseline may be trusted only if the server still knows that baseline: after a
// lost index some servers keep UIDVALIDITY and restart HIGHESTMODSEQ, and then report neither
// expunges nor changes of flags.
bool needs_full_scan(const store::FolderInfo& last, const imap::OpenFolder& open,
                     std::chrono::sys_seconds now);

// Records how LIST shows the folder: its name, its delimiter, and its own attributes, without those
// of the moment (\Marked, \HasChildren).
void set_listed(store::FolderInfo& info, const imap::Folder& folder);

}  // namespace backupd
