#include "store/clock_state.h"

#include <cstddef>
#include <utility>

#include "base/clock.h"
#include "store/doubted_times.h"

namespace store {

namespace {

using std::chrono::sys_seconds;

// The latest time that a snapshot can have by a right clock, as doubted_times() expects it. While
// the clock is behind, the last trusted time has certainly passed, and the guard accepts records of
// two more days.
sys_seconds latest_possible(const ClockState& clock) {
  if (clock.doubt.empty() || !clock.trusted || clock.now >= *clock.trusted) return clock.now;
  return *clock.trusted + kMaxAhead;
}

}  // namespace

ClockState clock_state(const base::ClockSighting& now, const NewestRecords& recorded,
                       const ClockMemory& memory, std::string_view command) {
  ClockState state{.now = now.time, .trusted = memory.last};
  ClockVerdict verdict = judge_clock(now, recorded, memory, command);
  if (verdict.doubt.empty()) return state;
  // Nothing that deletes has looked at the clock since then.
  const bool is_old = memory.doubted && now.time - memory.doubted->time > kDoubtKept;
  using Direction = ClockVerdict::Direction;
  const bool is_pause =
      verdict.direction == Direction::kLong && !memory.ahead_since && (!memory.doubted || is_old);
  // The backups since then went on with this clock: the time that it is behind was a wrong one.
  const bool is_settled = verdict.direction == Direction::kBehind && is_old && recorded.backup &&
                          now.time >= *recorded.backup && now.time - *recorded.backup <= kMaxAhead;
  if (is_pause || is_settled) return state;
  state.doubt = std::move(verdict.doubt);
  if (verdict.direction != Direction::kBehind) {
    state.ahead_since = verdict.memory.ahead_since;
  }
  return state;
}

ClockState clock_state(const Location& location, base::FileSystem& files,
                       const base::ClockSighting& now, const NewestRecords& recorded,
                       std::string_view command) {
  return clock_state(now, recorded, load_clock_memory(files, clock_memory_file(location)), command);
}

std::vector<TimeDoubt> time_doubts(std::span<const SnapshotInfo> snapshots,
                                   const ClockState& clock) {
  const sys_seconds latest = latest_possible(clock);
  const std::vector<bool> doubted = doubted_times(snapshots, latest);
  const std::vector<sys_seconds> likely = likely_times(snapshots, latest);
  const bool is_unclear = may_be_behind(snapshots, clock.now);
  const auto doubt_of = [&](std::size_t at) {
    const sys_seconds time = snapshots[at].time;
    const bool is_in_future = base::is_in_future(time, clock.now);
    if (doubted[at]) {
      if (is_in_future && is_unclear) return TimeDoubt::kEitherWrong;
      return time < likely[at] ? TimeDoubt::kWasBehind : TimeDoubt::kWasAhead;
    }
    if (clock.ahead_since && time >= *clock.ahead_since) return TimeDoubt::kMayBeAhead;
    return is_in_future ? TimeDoubt::kLater : TimeDoubt::kNone;
  };
  std::vector<TimeDoubt> doubts;
  doubts.reserve(snapshots.size());
  for (std::size_t at = 0; at < snapshots.size(); ++at) doubts.push_back(doubt_of(at));
  return doubts;
}

bool is_doubted(TimeDoubt doubt) {
  return doubt != TimeDoubt::kNone && doubt != TimeDoubt::kLater;
}

std::string_view mark_of(TimeDoubt doubt) {
  switch (doubt) {
    case TimeDoubt::kNone:
      return "";
    case TimeDoubt::kWasAhead:
      return "doubted time: the clock was ahead";
    case TimeDoubt::kWasBehind:
      return "doubted time: the clock was behind";
    case TimeDoubt::kMayBeAhead:
      return "doubted time: the clock may be ahead";
    case TimeDoubt::kEitherWrong:
      return "in the future: the clock was ahead, or is behind now";
    case TimeDoubt::kLater:
      return "in the future: the clock is behind now";
  }
  return "";
}

}  // namespace store
