#include "store/doubted_times.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/clock.h"

namespace store {

namespace {

using std::chrono::sys_seconds;

// A series of snapshots whose times follow the order in which they were made.
struct Series {
  std::size_t length = 0;
  sys_seconds begin{};                  // the time of its first snapshot
  std::optional<std::size_t> before{};  // the last snapshot but one
};

// The longest series that ends with each snapshot, of equally long ones the shortest in time.
std::vector<Series> longest_series(std::span<const SnapshotInfo> snapshots, sys_seconds latest) {
  std::vector<Series> series(snapshots.size());
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    if (snapshots[i].time > latest) continue;
    series[i] = {.length = 1, .begin = snapshots[i].time};
    for (std::size_t earlier = 0; earlier < i; ++earlier) {
      const Series& other = series[earlier];
      if (other.length == 0 || snapshots[earlier].time > snapshots[i].time) continue;
      const bool is_better =
          other.length + 1 > series[i].length ||
          (other.length + 1 == series[i].length && other.begin > series[i].begin);
      if (is_better) {
        series[i] = {.length = other.length + 1, .begin = other.begin, .before = earlier};
      }
    }
  }
  return series;
}

}  // namespace

std::vector<bool> doubted_times(std::span<const SnapshotInfo> snapshots, sys_seconds now) {
  const sys_seconds latest = now + base::kClockSlack;
  // Nearly always.
  if (std::ranges::is_sorted(snapshots, {}, &SnapshotInfo::time) &&
      (snapshots.empty() || snapshots.back().time <= latest)) {
    return std::vector<bool>(snapshots.size(), false);
  }
  const std::vector<Series> series = longest_series(snapshots, latest);
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (series[i].length == 0) continue;
    const auto span = [&](std::size_t at) { return snapshots[at].time - series[at].begin; };
    const bool is_better = !best || series[i].length > series[*best].length ||
                           (series[i].length == series[*best].length && span(i) < span(*best));
    if (is_better) best = i;
  }
  std::vector<bool> doubted(snapshots.size(), true);
  for (; best; best = series[*best].before) doubted[*best] = false;
  return doubted;
}

}  // namespace store
