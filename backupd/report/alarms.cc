#include "backupd/report/alarms.h"

#include <algorithm>
#include <ranges>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace backupd {

namespace {

using std::chrono::sys_seconds;
using store::FolderCompleteness;
using store::SnapshotInfo;
using store::SnapshotKind;
using store::SnapshotStatus;

// A run that ended early leaves a partial snapshot too: it lacks the newest state of a folder in
// progress, or of one that could not be opened, or of folders that it did not come to. In the last
// case nothing in the snapshot is the reason why it is partial.
bool is_success(store::Reader& reader, const SnapshotInfo& snapshot) {
  if (snapshot.kind != SnapshotKind::kBackup) return false;
  if (snapshot.status != SnapshotStatus::kPartial) return true;
  const auto folders = reader.folders(snapshot);
  const bool is_cut_short = std::ranges::any_of(folders, [](const store::FolderRecord& folder) {
    return folder.info.completeness == FolderCompleteness::kInProgress ||
           folder.info.completeness == FolderCompleteness::kUnreadable;
  });
  const bool has_skipped = std::ranges::any_of(
      folders, [](const store::FolderRecord& folder) { return !folder.info.skipped.empty(); });
  return !is_cut_short && has_skipped;
}

// The sequence of the last snapshot whose deletions are accepted. Older versions noted its time.
std::uint64_t accepted_sequence(std::span<const SnapshotInfo> snapshots,
                                const base::AcceptedDeletions& acknowledged) {
  if (!acknowledged.until) return acknowledged.sequence;
  std::uint64_t sequence = 0;
  bool is_found = false;
  for (const SnapshotInfo& snapshot : snapshots) {
    const bool is_it = snapshot.time == *acknowledged.until;
    if (is_it || (!is_found && snapshot.time < *acknowledged.until)) sequence = snapshot.sequence;
    is_found = is_found || is_it;
  }
  return sequence;
}

}  // namespace

bool is_in_future(sys_seconds time, sys_seconds now) {
  return time > now + base::kClockSlack;
}

std::optional<SnapshotInfo> newest_mass_deletion(
    std::span<const SnapshotInfo> snapshots, const base::GuardConfig& guards,
    const std::optional<base::AcceptedDeletions>& acknowledged) {
  const std::uint64_t accepted = acknowledged ? accepted_sequence(snapshots, *acknowledged) : 0;
  std::optional<SnapshotInfo> newest;
  const SnapshotInfo* before = nullptr;
  for (const SnapshotInfo& snapshot : snapshots) {
    if (snapshot.kind != SnapshotKind::kBackup) continue;
    const std::uint64_t was =
        before != nullptr ? before->messages : snapshot.messages + snapshot.vanished;
    before = &snapshot;
    const bool is_much = snapshot.vanished > 0 && snapshot.vanished >= guards.vanished_messages &&
                         snapshot.vanished * 100 >= was * guards.vanished_percent;
    if (is_much && snapshot.sequence > accepted) newest = snapshot;
  }
  return newest;
}

std::optional<sys_seconds> last_success(store::Reader& reader, const std::string& account,
                                        sys_seconds now) {
  const std::vector<SnapshotInfo> snapshots = reader.snapshots(account);
  for (const SnapshotInfo& snapshot : std::views::reverse(snapshots)) {
    if (!is_in_future(snapshot.time, now) && is_success(reader, snapshot)) return snapshot.time;
  }
  return std::nullopt;
}

std::size_t backups_without_progress(std::span<const SnapshotInfo> snapshots) {
  std::size_t count = 0;
  const SnapshotInfo* after = nullptr;
  for (const SnapshotInfo& snapshot : std::views::reverse(snapshots)) {
    if (snapshot.kind != SnapshotKind::kBackup) continue;
    if (after != nullptr) {
      if (after->messages != snapshot.messages || after->bytes != snapshot.bytes) break;
      ++count;
    }
    after = &snapshot;
  }
  return count;
}

std::vector<Alarm> alarms_of(store::Reader& reader, const std::string& account,
                             const base::GuardConfig& guards,
                             const base::Acknowledgements& acknowledgements, sys_seconds now) {
  std::vector<Alarm> alarms;
  const auto deletion = newest_mass_deletion(reader.snapshots(account), guards,
                                             acknowledgements.deletions_accepted(account));
  if (deletion) {
    alarms.push_back(
        {AlarmKind::kMassDeletion,
         fmt::format("{} messages vanished before the backup of {}, {} were left: no older "
                     "snapshot expires until `mailstow-backupd acknowledge` confirms the deletion",
                     base::format_count(deletion->vanished), base::shown_time(deletion->time),
                     base::format_count(deletion->messages))});
  }
  if (const auto stranger = acknowledgements.mailbox_change(account)) {
    alarms.push_back(
        {AlarmKind::kStranger,
         fmt::format("its INBOX is not the one backed up before: {}, it was {}: if the name now "
                     "belongs to another person, back that mailbox up under another name; if it is "
                     "the same person's, confirm it with `mailstow-backupd acknowledge`; until "
                     "then {}nothing is restored to it unless `--to` names it",
                     stranger->is.text(), stranger->was.text(),
                     stranger->is_certain() ? "nothing of it is backed up, and " : "")});
  }
  const auto success = last_success(reader, account, now);
  const auto newest = reader.newest_snapshot(account);
  std::string doubt =
      newest && is_in_future(newest->time, now)
          ? fmt::format(
                " (its newest backup is dated in the future, {}: the clock was ahead, and "
                "the backup does not count)",
                base::shown_time(newest->time))
          : "";
  constexpr std::size_t kManyIdle = 3;
  if (const auto idle = backups_without_progress(reader.snapshots(account)); idle >= kManyIdle) {
    doubt += fmt::format("; its last {} backups added nothing", idle);
  }
  if (!success) {
    alarms.push_back({AlarmKind::kStale, "it was never backed up successfully" + doubt});
  } else if (now - *success >= guards.stale_after) {
    alarms.push_back({AlarmKind::kStale, fmt::format("no successful backup since {}{}",
                                                     base::shown_time(*success), doubt)});
  }
  return alarms;
}

}  // namespace backupd
