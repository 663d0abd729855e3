#include "store/doubted_times.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <ranges>
#include <tuple>

#include "base/clock.h"
#include "store/clock_guard.h"

namespace store {

namespace {

using std::chrono::sys_seconds;

// A series of snapshots whose times follow the order in which they were made.
struct Series {
  std::size_t length = 0;               // 0: no series ends with this snapshot
  sys_seconds begin{};                  // the time of its first snapshot
  std::optional<std::size_t> before{};  // the last snapshot but one
};

// The best of the series that end with a time up to a given one, as a Fenwick tree over the ranks
// of the times. Series are added in the order of their last snapshots.
class BestSeries {
 public:
  BestSeries(std::span<const Series> series, std::size_t ranks) : series_(series), best_(ranks) {}

  // The longest one, of equally long ones the shortest in time, and then the one added first.
  std::optional<std::size_t> up_to(std::size_t rank) const {
    std::optional<std::size_t> best;
    for (std::size_t at = rank + 1; at > 0; at -= lowest_bit(at)) {
      if (is_better(best_[at - 1], best)) best = best_[at - 1];
    }
    return best;
  }

  void add(std::size_t rank, std::size_t snapshot) {
    for (std::size_t at = rank + 1; at <= best_.size(); at += lowest_bit(at)) {
      if (is_better(snapshot, best_[at - 1])) best_[at - 1] = snapshot;
    }
  }

 private:
  static std::size_t lowest_bit(std::size_t number) { return number & (~number + 1); }

  bool is_better(std::optional<std::size_t> one, std::optional<std::size_t> other) const {
    if (!one || !other) return one.has_value();
    const Series& a = series_[*one];
    const Series& b = series_[*other];
    return std::tie(a.length, a.begin, *other) > std::tie(b.length, b.begin, *one);
  }

  std::span<const Series> series_;
  std::vector<std::optional<std::size_t>> best_;  // each of a range of ranks
};

// The longest series that ends with each snapshot, of equally long ones the shortest in time.
std::vector<Series> longest_series(std::span<const SnapshotInfo> snapshots, sys_seconds latest) {
  std::vector<sys_seconds> times;
  times.reserve(snapshots.size());
  for (const SnapshotInfo& snapshot : snapshots) times.push_back(snapshot.time);
  std::ranges::sort(times);
  std::vector<Series> series(snapshots.size());
  BestSeries best(series, times.size());
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    const sys_seconds time = snapshots[i].time;
    if (time > latest) continue;
    const auto rank =
        static_cast<std::size_t>(std::ranges::lower_bound(times, time) - times.begin());
    series[i] = {.length = 1, .begin = time};
    if (const auto before = best.up_to(rank)) {
      series[i] = {
          .length = series[*before].length + 1, .begin = series[*before].begin, .before = before};
    }
    best.add(rank, i);
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

std::vector<sys_seconds> likely_times(std::span<const SnapshotInfo> snapshots, sys_seconds now) {
  const std::vector<bool> doubted = doubted_times(snapshots, now);
  const auto first = std::ranges::find(doubted, false) - doubted.begin();
  sys_seconds last =
      first == std::ssize(doubted) ? now : snapshots[static_cast<std::size_t>(first)].time;
  std::vector<sys_seconds> times;
  times.reserve(snapshots.size());
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    if (!doubted[i]) last = snapshots[i].time;
    times.push_back(last);
  }
  return times;
}

std::optional<sys_seconds> latest_certain_time(std::span<const SnapshotInfo> snapshots,
                                               std::uint64_t sequence, sys_seconds now) {
  const std::vector<bool> doubted = doubted_times(snapshots, now);
  std::optional<sys_seconds> latest;
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    if (!doubted[i] && snapshots[i].sequence <= sequence) latest = snapshots[i].time;
  }
  return latest;
}

bool may_be_behind(std::span<const SnapshotInfo> snapshots, sys_seconds now) {
  const auto last = std::ranges::find_if(std::views::reverse(snapshots), [&](const auto& snapshot) {
    return base::is_in_future(snapshot.time, now);
  });
  if (last == std::views::reverse(snapshots).end()) return false;
  const auto next = last.base();
  return next == snapshots.end() || now - next->time < kMaxAhead;
}

bool confirms_time(std::span<const SnapshotInfo> snapshots, sys_seconds now) {
  std::vector<sys_seconds> times;
  times.reserve(snapshots.size());
  for (const SnapshotInfo& snapshot : snapshots) times.push_back(snapshot.time);
  std::ranges::sort(times, std::greater{});
  if (times.empty() || base::is_in_future(times.front(), now)) return false;
  sys_seconds earliest = now;
  for (const sys_seconds time : times) {
    if (earliest - time > kMaxAhead) return false;
    earliest = time;
    if (now - earliest >= kMaxAhead) return true;
  }
  return false;
}

}  // namespace store
