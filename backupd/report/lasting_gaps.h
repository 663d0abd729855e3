// Parts of an account that its backups did not get for three nights in a row.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>

#include "base/mail/uid.h"
#include "store/format/snapshot.h"
#include "store/reader.h"

namespace backupd {

// Whether the administrator has accepted that a message of the folder can't be fetched.
using IsSkipAccepted =
    std::function<bool(const store::SnapshotInfo&, const store::FolderInfo&, base::Uid)>;

// For people, without the account's name; empty if each night brought something, or if the backups
// don't cover three nights. Compares the newest backup with those of the two nights before it:
// messages that each of them skipped, unfinished or unreadable folders whose content stayed as it
// was, and backups that ended before they came to each folder and added nothing.
std::string lasting_gaps(store::Reader& reader, const std::string& account,
                         const IsSkipAccepted& is_accepted, std::chrono::sys_seconds now);

// The sequences of the backups that lasting_gaps() needs now or will need, whatever the retention
// keeps otherwise: since the last one that lacked nothing, the first of each of the last four days
// that have any. `snapshots`: of one account, in the order of their sequence.
std::set<std::uint64_t> compared_backups(std::span<const store::SnapshotInfo> snapshots,
                                         std::chrono::sys_seconds now);

}  // namespace backupd
