// Warnings that the administrator should get about an account before its user notices.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/config/config.h"
#include "base/reporting/acknowledgements.h"
#include "store/format/snapshot.h"
#include "store/reader.h"

namespace backupd {

enum class AlarmKind {
  kMassDeletion,  // GuardConfig::vanished_percent; until it is acknowledged
  kStale,         // GuardConfig::stale_after
  kStranger,      // INBOX is not the mailbox backed up under the account's name so far
                  // (base/mail/mailbox_identity.h); until it is acknowledged
  kNoProgress,    // no progress for three nights (backupd/report/lasting_gaps.h)
};

// All kinds: status, metrics and alert rules cover each of them.
inline constexpr std::array kAlarmKinds = {AlarmKind::kMassDeletion, AlarmKind::kStale,
                                           AlarmKind::kStranger, AlarmKind::kNoProgress};

constexpr std::string_view word(AlarmKind kind) {
  switch (kind) {
    case AlarmKind::kMassDeletion:
      return "mass_deletion";
    case AlarmKind::kStale:
      return "stale";
    case AlarmKind::kStranger:
      return "stranger";
    case AlarmKind::kNoProgress:
      return "no_progress";
  }
  return "";
}

struct Alarm {
  AlarmKind kind = AlarmKind::kStale;
  std::string text;  // for people, without the account's name
};

struct MassDeletion {
  store::SnapshotInfo snapshot;
  std::uint64_t vanished = 0;  // messages
  std::chrono::days period{};  // before the snapshot; 0: since the backup before it
};

// The newest of the account's snapshots (in the order of their sequence) before which too many
// messages vanished without acknowledgement: since the backup before it, or in the 7 or 30 days
// before it, if the account shrank by as many. No snapshot older than it expires. `used_up`:
// Reader::used_up().
std::optional<MassDeletion> newest_mass_deletion(
    std::span<const store::SnapshotInfo> snapshots, const base::GuardConfig& guards,
    const std::optional<base::AcceptedDeletions>& acknowledged, std::uint64_t used_up);

// When the account was last backed up completely, apart from messages that could not be fetched. A
// time that a wrong clock showed proves nothing: such a backup is passed over.
std::optional<std::chrono::sys_seconds> last_success(store::Reader& reader,
                                                     const std::string& account,
                                                     std::chrono::sys_seconds now);

// How many of the account's newest snapshots, in the order of their sequence, hold as much as the
// one before them.
std::size_t backups_without_progress(std::span<const store::SnapshotInfo> snapshots);

std::vector<Alarm> alarms_of(store::Reader& reader, const std::string& account,
                             const base::GuardConfig& guards,
                             const base::Acknowledgements& acknowledgements,
                             std::chrono::sys_seconds now);

}  // namespace backupd
