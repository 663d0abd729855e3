#include <algorithm>

#include <fmt/core.h>
#include <sys/timex.h>

#include "backupd/doctor/checks.h"
#include "base/clock.h"
#include "base/time_text.h"
#include "store/clock_guard.h"
#include "store/format/location.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace backupd {

namespace {

using std::chrono::sys_seconds;

constexpr const char* kClockCheck = "clock";
constexpr const char* kClockRemedy = "set it: timedatectl set-ntp true, or another NTP client";

}  // namespace

std::optional<ClockKeeping> clock_keeping() {
  timex state{};
  const int result = ::adjtimex(&state);  // modes is 0: read only
  if (result < 0) return std::nullopt;
  return ClockKeeping{result != TIME_ERROR && (state.status & STA_UNSYNC) == 0};
}

RecordedTimes recorded_times(const base::StoreConfig& config, base::FileSystem& files) {
  const store::Location location = store::location_of(config);
  store::Reader reader = store::Reader::open(location, files);
  RecordedTimes times{
      store::newest_record(&reader, store::TreeRecords::open(location, files).list().records)};
  for (const std::string& account : reader.accounts()) {
    for (const store::SnapshotInfo& snapshot : reader.snapshots(account)) {
      times.of_snapshots.push_back(snapshot.time);
    }
  }
  return times;
}

std::vector<Finding> check_clock(sys_seconds now, const RecordedTimes& recorded,
                                 std::optional<ClockKeeping> keeping) {
  std::vector<Finding> findings;
  if (recorded.newest && now + base::kClockSlack < *recorded.newest) {
    findings.push_back(failure(
        kClockCheck, "",
        fmt::format("it shows {}, but the newest record in the store is from {}, in the future: "
                    "alarms and expiry depend on the time",
                    base::shown_time(now), base::shown_time(*recorded.newest)),
        fmt::format("if it is behind, {}; if it was ahead when that was recorded, back up now: the "
                    "new backup is then the newest",
                    kClockRemedy)));
  }
  const auto future = std::ranges::count_if(
      recorded.of_snapshots, [now](sys_seconds time) { return time > now + base::kClockSlack; });
  if (future > 0 && findings.empty()) {
    findings.push_back(
        warning(kClockCheck, "",
                fmt::format("{} snapshot{} dated in the future, made while the clock was ahead",
                            future, future == 1 ? " is" : "s are"),
                "nothing needs to be done: newer backups follow it, and the retention keeps it "
                "until then"));
  }
  if (keeping && !keeping->is_synchronised) {
    findings.push_back(
        warning(kClockCheck, "", "not synchronised, as the kernel reports", kClockRemedy));
  }
  if (findings.empty()) {
    findings.push_back(passed(
        kClockCheck, "",
        base::shown_time(now) + (keeping
                                     ? ", synchronised"
                                     : "; the system does not report whether it is synchronised")));
  }
  return findings;
}

}  // namespace backupd
