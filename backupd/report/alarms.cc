#include "backupd/report/alarms.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <ranges>
#include <utility>

#include <fmt/core.h>

#include "backupd/report/lasting_gaps.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "imap/folder_name.h"
#include "store/doubted_times.h"
#include "store/format/account_properties.h"

namespace backupd {

namespace {

using std::chrono::sys_seconds;
using store::FolderCompleteness;
using store::SnapshotInfo;
using store::SnapshotKind;
using store::SnapshotStatus;

// A snapshot that can't be read has alarms of its own.
store::AccountProperties properties_of(store::Reader& reader, const SnapshotInfo& snapshot) {
  try {
    return store::to_account_properties(reader.properties(snapshot));
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
    return {};
  }
}

// A run that ended early leaves a partial snapshot too: it lacks the newest state of a folder in
// progress, or of one that could not be opened, or of folders that it did not come to. Where older
// versions did not record the last case, nothing in the snapshot is the reason why it is partial.
bool is_success(store::Reader& reader, const SnapshotInfo& snapshot) {
  if (snapshot.kind != SnapshotKind::kBackup) return false;
  if (snapshot.status != SnapshotStatus::kPartial) return true;
  if (properties_of(reader, snapshot).is_cut_short) return false;
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

// In an account with fewer messages than GuardConfig::vanished_messages, all must have vanished,
// and at least this many.
constexpr std::uint64_t kMinOfSmallAccount = 5;

bool is_much(std::uint64_t vanished, std::uint64_t was, const base::GuardConfig& guards) {
  if (vanished == 0) return false;
  if (vanished >= guards.vanished_messages) return vanished * 100 >= was * guards.vanished_percent;
  return was < guards.vanished_messages && vanished >= was && vanished >= kMinOfSmallAccount;
}

// How many messages vanished before a backup since it was made, without those of snapshots between
// the two that the retention dropped: then the account's shrinking shows them. After another
// account was forgotten, the sequence skips numbers, although there were no snapshots between.
std::uint64_t vanished_since(const SnapshotInfo& before, const SnapshotInfo& snapshot,
                             std::uint64_t used_up) {
  if (snapshot.sequence == before.sequence + 1) return snapshot.vanished;
  if (snapshot.sequence == used_up + 1) return snapshot.vanished;
  return std::max(snapshot.vanished,
                  before.messages - std::min(before.messages, snapshot.messages));
}

// The backups of some days before a backup, which reveal what is deleted little by little.
class Period {
 public:
  // `times`: of the backups, without those that a wrong clock showed (store::likely_times()).
  Period(std::span<const SnapshotInfo> backups, std::span<const sys_seconds> times,
         std::chrono::days length, std::uint64_t used_up)
      : backups_(backups), times_(times), length_(length), used_up_(used_up) {}

  // Goes on to the next backup. Acknowledged deletions don't count.
  void advance(std::size_t at, std::uint64_t accepted) {
    at_ = at;
    if (at > 0) vanished_ += vanished_since(backups_[at - 1], backups_[at], used_up_);
    const auto is_before = [&](std::size_t one) {
      return backups_[one].sequence < accepted || times_[one] < times_[at] - length_;
    };
    while (first_ < at && is_before(first_)) {
      ++first_;
      vanished_ -= vanished_since(backups_[first_ - 1], backups_[first_], used_up_);
    }
  }

  std::chrono::days length() const { return length_; }
  std::uint64_t messages_before() const { return backups_[first_].messages; }

  // Mail that comes and goes does not shrink an account, and a folder that the configuration now
  // excludes did not vanish.
  std::uint64_t shrunk_by() const {
    const std::uint64_t now = std::min(messages_before(), backups_[at_].messages);
    return std::min(vanished_, messages_before() - now);
  }

 private:
  std::span<const SnapshotInfo> backups_;
  std::span<const sys_seconds> times_;
  std::chrono::days length_;
  std::uint64_t used_up_;
  std::size_t first_ = 0;  // of the period
  std::size_t at_ = 0;
  std::uint64_t vanished_ = 0;  // since the first one
};

// Says for people whether the messages vanished at once, little by little, or were replaced.
std::string vanished_text(store::Reader& reader, const MassDeletion& deletion) {
  const std::string vanished = base::format_count(deletion.vanished, "message");
  const std::string backup = base::shown_time(deletion.snapshot.time);
  if (deletion.period > std::chrono::days(0)) {
    return fmt::format(
        "{} vanished little by little in the {} before the backup of {}", vanished,
        base::format_count(static_cast<std::uint64_t>(deletion.period.count()), "day"), backup);
  }
  const std::uint64_t replaced =
      std::min(properties_of(reader, deletion.snapshot).replaced, deletion.vanished);
  if (replaced == 0) {
    return fmt::format("{} vanished before the backup of {}", vanished, backup);
  }
  const std::string others = "replaced by others with the same UIDs before the backup of " + backup;
  if (replaced == deletion.vanished) {
    return fmt::format("{} {} {}", vanished, replaced == 1 ? "was" : "were", others);
  }
  return fmt::format("{} vanished or were replaced, {} of them {} {}", vanished,
                     base::format_count(replaced), replaced == 1 ? "was" : "were", others);
}

// Why a backup in the future counts for nothing; empty if `newest`, an account's newest one, is not
// in the future.
std::string future_text(std::span<const SnapshotInfo> snapshots,
                        const std::optional<SnapshotInfo>& newest, sys_seconds now) {
  if (!newest || !base::is_in_future(newest->time, now)) return "";
  return fmt::format(
      " (its newest backup is dated in the future, {}: {}, and the backup does not "
      "count)",
      base::shown_time(newest->time),
      store::may_be_behind(snapshots, now) ? "the clock was ahead then, or is behind now"
                                           : "the clock was ahead");
}

}  // namespace

std::optional<MassDeletion> newest_mass_deletion(
    std::span<const SnapshotInfo> snapshots, const base::GuardConfig& guards,
    const std::optional<base::AcceptedDeletions>& acknowledged, std::uint64_t used_up) {
  const std::uint64_t accepted = acknowledged ? accepted_sequence(snapshots, *acknowledged) : 0;
  std::vector<SnapshotInfo> backups;
  std::ranges::copy_if(snapshots, std::back_inserter(backups), [](const SnapshotInfo& snapshot) {
    return snapshot.kind == SnapshotKind::kBackup;
  });
  // Whether a time lies in the future does not matter here, only whether it fits the order.
  constexpr sys_seconds kEnd = sys_seconds::max() - base::kClockSlack;
  const std::vector<sys_seconds> times = store::likely_times(backups, kEnd);
  std::array periods = {Period(backups, times, std::chrono::days(7), used_up),
                        Period(backups, times, std::chrono::days(30), used_up)};
  std::optional<MassDeletion> newest;
  for (std::size_t at = 0; at < backups.size(); ++at) {
    const SnapshotInfo& snapshot = backups[at];
    for (Period& period : periods) period.advance(at, accepted);
    if (snapshot.sequence <= accepted) continue;
    const std::uint64_t was =
        at > 0 ? backups[at - 1].messages : snapshot.messages + snapshot.vanished;
    if (is_much(snapshot.vanished, was, guards)) {
      newest = MassDeletion{snapshot, snapshot.vanished, {}};
      continue;
    }
    for (const Period& period : periods) {
      if (!is_much(period.shrunk_by(), period.messages_before(), guards)) continue;
      newest = MassDeletion{snapshot, period.shrunk_by(), period.length()};
      break;
    }
  }
  return newest;
}

std::optional<sys_seconds> last_success(store::Reader& reader, const std::string& account,
                                        sys_seconds now) {
  const std::vector<SnapshotInfo> snapshots = reader.snapshots(account);
  const std::vector<bool> doubted = store::doubted_times(snapshots, now);
  for (std::size_t at = snapshots.size(); at-- > 0;) {
    if (!doubted[at] && is_success(reader, snapshots[at])) return snapshots[at].time;
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
  const auto deletion =
      newest_mass_deletion(reader.snapshots(account), guards,
                           acknowledgements.deletions_accepted(account), reader.used_up());
  if (deletion) {
    alarms.push_back(
        {AlarmKind::kMassDeletion,
         fmt::format("{}, {} were left: no older snapshot expires until `mailstow-backupd "
                     "acknowledge` confirms the deletion",
                     vanished_text(reader, *deletion),
                     base::format_count(deletion->snapshot.messages))});
  }
  if (const auto stranger = acknowledgements.mailbox_change(account)) {
    alarms.push_back(
        {AlarmKind::kStranger,
         fmt::format("its INBOX is not the one backed up before: {}, it was {}: if the name now "
                     "belongs to another person, back that mailbox up under another name; if it is "
                     "the same person's, confirm it with `mailstow-backupd acknowledge`; until "
                     "then {}nothing is restored to it unless `--to` names it",
                     stranger->is.text(), stranger->was.text(),
                     stranger->is_certain() ? "it is not backed up, and " : "")});
  }
  const auto success = last_success(reader, account, now);
  const std::vector<SnapshotInfo> snapshots = reader.snapshots(account);
  std::string doubt = future_text(snapshots, reader.newest_snapshot(account), now);
  constexpr std::size_t kManyIdle = 3;
  if (const auto idle = backups_without_progress(snapshots); idle >= kManyIdle) {
    doubt += fmt::format("; its last {} backups added nothing", idle);
  }
  if (!success) {
    alarms.push_back({AlarmKind::kStale, "it was never backed up successfully" + doubt});
  } else if (now - *success >= guards.stale_after) {
    alarms.push_back({AlarmKind::kStale, fmt::format("no successful backup since {}{}",
                                                     base::shown_time(*success), doubt)});
  }
  const auto is_accepted = [&](const SnapshotInfo& snapshot, const store::FolderInfo& folder,
                               base::Uid uid) {
    const std::string shown =
        imap::shown_folder_name(folder.raw_name, folder.delimiter, snapshot.personal_prefix);
    return acknowledgements.is_skip_accepted(account, shown, folder.uid_validity, uid);
  };
  if (std::string gaps = lasting_gaps(reader, account, is_accepted, now); !gaps.empty()) {
    alarms.push_back({AlarmKind::kNoProgress, std::move(gaps)});
  }
  return alarms;
}

}  // namespace backupd
