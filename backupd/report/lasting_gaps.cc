#include "backupd/report/lasting_gaps.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <ranges>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/doubted_times.h"
#include "store/format/account_properties.h"

namespace backupd {

namespace {

using store::FolderCompleteness;
using store::SnapshotInfo;

constexpr std::size_t kNights = 3;

// Backups of two nights are at least so far apart: timers are not exact.
constexpr std::chrono::hours kNight{18};

// The newest backup, and one of each night before it. Empty if there are too few backups, or one of
// them lacks nothing.
std::vector<SnapshotInfo> last_nights(store::Reader& reader, const std::string& account,
                                      std::chrono::sys_seconds now) {
  std::vector<SnapshotInfo> nights;
  const std::vector<SnapshotInfo> snapshots = reader.snapshots(account);
  const std::vector<bool> doubted = store::doubted_times(snapshots, now);
  for (std::size_t at = snapshots.size(); at-- > 0;) {
    const SnapshotInfo& snapshot = snapshots[at];
    if (snapshot.kind != store::SnapshotKind::kBackup) continue;
    if (base::is_in_future(snapshot.time, now)) continue;
    if (snapshot.status != store::SnapshotStatus::kPartial) return {};
    if (doubted[at]) continue;  // of which night it is, is unknown
    if (nights.empty() || nights.back().time - snapshot.time >= kNight) nights.push_back(snapshot);
    if (nights.size() == kNights) return nights;
  }
  return {};
}

struct Gaps {
  // Raw name, UIDVALIDITY, UID.
  std::set<std::tuple<std::string, std::uint32_t, base::Uid>> skipped;
  std::map<std::string, store::Sha256> unfinished;  // the content of folders, by raw name
  bool is_cut_short = false;
};

Gaps gaps_of(store::Reader& reader, const SnapshotInfo& snapshot,
             const IsSkipAccepted& is_accepted) {
  Gaps gaps;
  gaps.is_cut_short = store::to_account_properties(reader.properties(snapshot)).is_cut_short;
  for (const store::FolderRecord& folder : reader.folders(snapshot)) {
    const store::FolderInfo& info = folder.info;
    for (const store::SkippedMessage& skipped : info.skipped) {
      if (is_accepted(snapshot, info, skipped.uid)) continue;
      gaps.skipped.emplace(info.raw_name, info.uid_validity, skipped.uid);
    }
    if (info.completeness == FolderCompleteness::kInProgress ||
        info.completeness == FolderCompleteness::kUnreadable) {
      gaps.unfinished.emplace(info.raw_name, folder.receipt.digest);
    }
  }
  return gaps;
}

// Leaves what is in both.
template <typename Container>
void intersect(Container& gaps, const Container& earlier) {
  std::erase_if(gaps,
                [&](const auto& gap) { return std::ranges::find(earlier, gap) == earlier.end(); });
}

std::vector<std::string> texts(const Gaps& gaps) {
  std::vector<std::string> parts;
  if (!gaps.skipped.empty()) {
    parts.push_back(fmt::format("messages that could not be fetched: {}",
                                base::format_count(gaps.skipped.size())));
  }
  if (!gaps.unfinished.empty()) {
    parts.push_back(fmt::format("folders that were not finished, and of which nothing arrived: {}",
                                base::format_count(gaps.unfinished.size())));
  }
  if (gaps.is_cut_short) {
    parts.emplace_back("the backup ended before it came to each folder, and added nothing");
  }
  return parts;
}

}  // namespace

std::string lasting_gaps(store::Reader& reader, const std::string& account,
                         const IsSkipAccepted& is_accepted, std::chrono::sys_seconds now) {
  const std::vector<SnapshotInfo> nights = last_nights(reader, account, now);
  if (nights.empty()) return {};
  try {
    Gaps gaps = gaps_of(reader, nights.front(), is_accepted);
    for (const SnapshotInfo& night : nights | std::views::drop(1)) {
      const Gaps earlier = gaps_of(reader, night, is_accepted);
      intersect(gaps.skipped, earlier.skipped);
      intersect(gaps.unfinished, earlier.unfinished);
      gaps.is_cut_short = gaps.is_cut_short && earlier.is_cut_short &&
                          night.messages == nights.front().messages &&
                          night.bytes == nights.front().bytes;
    }
    const std::vector<std::string> parts = texts(gaps);
    if (parts.empty()) return {};
    return fmt::format("no progress since {}: {}", base::shown_time(nights.back().time),
                       fmt::join(parts, "; "));
  } catch (const base::Error& error) {
    // A snapshot that can't be read has alarms of its own.
    if (error.code() != base::ErrorCode::kDamaged) throw;
    return {};
  }
}

std::set<std::uint64_t> compared_backups(std::span<const SnapshotInfo> snapshots,
                                         std::chrono::sys_seconds now) {
  // One more than the nights: two backups of a day may be those of two nights.
  constexpr std::size_t kDays = kNights + 1;
  std::map<std::chrono::sys_days, std::uint64_t> firsts;
  const std::vector<bool> doubted = store::doubted_times(snapshots, now);
  for (std::size_t at = snapshots.size(); at-- > 0;) {
    const SnapshotInfo& snapshot = snapshots[at];
    if (snapshot.kind != store::SnapshotKind::kBackup) continue;
    if (base::is_in_future(snapshot.time, now)) continue;
    if (snapshot.status != store::SnapshotStatus::kPartial) break;
    if (doubted[at]) continue;
    firsts.insert_or_assign(std::chrono::floor<std::chrono::days>(snapshot.time),
                            snapshot.sequence);
  }
  while (firsts.size() > kDays) firsts.erase(firsts.begin());
  std::set<std::uint64_t> sequences;
  for (const auto& [day, sequence] : firsts) sequences.insert(sequence);
  return sequences;
}

}  // namespace backupd
