#include <cstddef>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <sys/timex.h>

#include "backupd/doctor/checks.h"
#include "base/clock.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/clock_guard.h"
#include "store/clock_state.h"
#include "store/doubted_times.h"
#include "store/format/location.h"
#include "store/reader.h"

namespace backupd {

namespace {

using std::chrono::sys_seconds;

constexpr const char* kClockCheck = "clock";
constexpr const char* kClockRemedy = "set it: timedatectl set-ntp true, or another NTP client";

// Either the clock is behind now, or it was ahead when the snapshots were made. A clock that the
// kernel reports as synchronised is taken for right.
Finding future_finding(sys_seconds now, const RecordedTimes& recorded,
                       const std::optional<ClockKeeping>& keeping) {
  const std::string dated =
      fmt::format("{} {} dated in the future", base::format_count(recorded.in_future, "snapshot"),
                  recorded.in_future == 1 ? "is" : "are");
  if (recorded.may_be_behind && !(keeping && keeping->is_synchronised)) {
    return failure(
        kClockCheck, "",
        fmt::format("it shows {}, and {}: it is behind now, or it was ahead when they were made",
                    base::shown_time(now), dated),
        fmt::format("if it is behind, {}; if it was ahead, nothing needs to be done: newer backups "
                    "follow, and the retention keeps these until then",
                    kClockRemedy));
  }
  return warning(kClockCheck, "", dated + ", made while the clock was ahead",
                 "nothing needs to be done: newer backups follow, and the retention keeps these "
                 "until then");
}

// Either the clock is behind now, or it was ahead when the tree was made, as in future_finding().
Finding tree_finding(sys_seconds now, sys_seconds tree,
                     const std::optional<ClockKeeping>& keeping) {
  const std::string dated =
      fmt::format("a restored tree was made at {}, in the future", base::shown_time(tree));
  const std::string later =
      "nothing needs to be done: after two days of backups, `mailstow-restore sweep` corrects the "
      "times of the tree";
  if (keeping && keeping->is_synchronised) {
    return warning(kClockCheck, "", dated + ": the clock was ahead then", later);
  }
  return failure(kClockCheck, "",
                 fmt::format("it shows {}, but {}: it is behind now, or it was ahead then",
                             base::shown_time(now), dated),
                 fmt::format("if it is behind, {}; if it was ahead, {}", kClockRemedy, later));
}

// For a clock that is right now.
std::string doubted_text(std::size_t doubted) {
  if (doubted == 0) return "";
  return fmt::format("; a wrong clock dated {}, which `mailstow-restore snapshots` marks",
                     base::format_count(doubted, "snapshot"));
}

}  // namespace

std::optional<ClockKeeping> clock_keeping() {
  timex state{};
  const int result = ::adjtimex(&state);  // modes is 0: read only
  if (result < 0) return std::nullopt;
  return ClockKeeping{result != TIME_ERROR && (state.status & STA_UNSYNC) == 0};
}

RecordedTimes recorded_times(const base::StoreConfig& config, base::FileSystem& files,
                             const base::ClockSighting& now) {
  const store::Location location = store::location_of(config);
  store::Reader reader = store::Reader::open(location, files);
  const store::NewestRecords newest = store::newest_records(reader, location, files);
  const store::ClockState clock =
      store::clock_state(location, files, now, newest, "mailstow-backupd prune");
  RecordedTimes times{
      .newest_backup = newest.backup, .newest_tree = newest.tree, .clock_doubt = clock.doubt};
  for (const std::string& account : reader.accounts()) {
    const std::vector<store::SnapshotInfo> snapshots = reader.snapshots(account);
    const std::vector<store::TimeDoubt> doubts = store::time_doubts(snapshots, clock);
    for (std::size_t at = 0; at < snapshots.size(); ++at) {
      if (base::is_in_future(snapshots[at].time, now.time)) {
        ++times.in_future;
      } else if (store::is_doubted(doubts[at])) {
        ++times.doubted;
      }
    }
    times.may_be_behind = times.may_be_behind || store::may_be_behind(snapshots, now.time);
  }
  return times;
}

std::vector<Finding> check_clock(sys_seconds now, const RecordedTimes& recorded,
                                 std::optional<ClockKeeping> keeping) {
  std::vector<Finding> findings;
  if (recorded.newest_backup && base::is_in_future(*recorded.newest_backup, now)) {
    findings.push_back(failure(
        kClockCheck, "",
        fmt::format("it shows {}, but the newest backup is from {}, in the future: alarms and "
                    "expiry depend on the time",
                    base::shown_time(now), base::shown_time(*recorded.newest_backup)),
        fmt::format(
            "if it is behind, {}; if it was ahead then, back up now: the new backup is then "
            "the newest",
            kClockRemedy)));
  } else if (recorded.newest_tree && base::is_in_future(*recorded.newest_tree, now)) {
    findings.push_back(tree_finding(now, *recorded.newest_tree, keeping));
  } else if (!recorded.clock_doubt.empty()) {
    findings.push_back(failure(kClockCheck, "", recorded.clock_doubt,
                               fmt::format("if it is wrong, {}", kClockRemedy)));
  } else if (recorded.in_future > 0) {
    findings.push_back(future_finding(now, recorded, keeping));
  }
  if (keeping && !keeping->is_synchronised) {
    findings.push_back(
        warning(kClockCheck, "", "not synchronised, as the kernel reports", kClockRemedy));
  }
  if (findings.empty()) {
    findings.push_back(
        passed(kClockCheck, "",
               base::shown_time(now) +
                   (keeping ? ", synchronised"
                            : "; the system does not report whether it is synchronised") +
                   doubted_text(recorded.doubted)));
  }
  return findings;
}

}  // namespace backupd
