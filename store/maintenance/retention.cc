#include "store/maintenance/retention.h"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>

#include <date/date.h>
#include <date/iso_week.h>
#include <date/tz.h>
#include <fmt/core.h>

#include "base/clock.h"
#include "base/time_text.h"
#include "store/clock_guard.h"
#include "store/doubted_times.h"
#include "store/maintenance/contradicted_times.h"

namespace store {
namespace {

using std::chrono::sys_seconds;

// A moment in local wall-clock time.
struct WallTime {
  date::local_seconds local;
  std::chrono::seconds offset{};  // east of UTC

  date::local_days day() const { return date::floor<date::days>(local); }
  date::year_month_day date() const { return date::year_month_day(day()); }
};

// The hour, day, week, month or year that contains a moment.
struct Period {
  std::int64_t order = 0;  // later periods have higher values
  std::string name;
};

int year_of(date::year_month_day day) {
  return static_cast<int>(day.year());
}

std::string month_name(date::year_month_day day) {
  return fmt::format("{:04}-{:02}", year_of(day), static_cast<unsigned>(day.month()));
}

std::string day_name(date::year_month_day day) {
  return fmt::format("{}-{:02}", month_name(day), static_cast<unsigned>(day.day()));
}

// The hour in which the clocks are put back occurs twice: the offset distinguishes the two.
Period hour_of(const WallTime& time) {
  const auto hour = date::floor<std::chrono::hours>(time.local);
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time.offset).count();
  return {.order = (hour.time_since_epoch() - time.offset).count(),
          .name = fmt::format("{} {:02}:00{}{:02}:{:02}", day_name(time.date()),
                              (hour - time.day()).count(), minutes < 0 ? '-' : '+',
                              std::abs(minutes) / 60, std::abs(minutes) % 60)};
}

Period day_period(const WallTime& time) {
  return {.order = time.day().time_since_epoch().count(), .name = day_name(time.date())};
}

// ISO 8601: weeks begin on Monday, and the first week of a year contains its first Thursday.
Period week_of(const WallTime& time) {
  const iso_week::year_weeknum_weekday week(time.day());
  const int year = static_cast<int>(week.year());
  const unsigned number = static_cast<unsigned>(week.weeknum());
  return {.order = std::int64_t{year} * 100 + number,
          .name = fmt::format("{:04}-W{:02}", year, number)};
}

Period month_period(const WallTime& time) {
  const date::year_month_day day = time.date();
  return {.order = std::int64_t{year_of(day)} * 100 + static_cast<unsigned>(day.month()),
          .name = month_name(day)};
}

Period year_period(const WallTime& time) {
  return {.order = year_of(time.date()), .name = fmt::format("{:04}", year_of(time.date()))};
}

struct PeriodRule {
  const char* name;
  unsigned base::RetentionConfig::*count;
  Period (*period)(const WallTime&);
};

constexpr std::array kPeriodRules = {
    PeriodRule{"hourly", &base::RetentionConfig::hourly, hour_of},
    PeriodRule{"daily", &base::RetentionConfig::daily, day_period},
    PeriodRule{"weekly", &base::RetentionConfig::weekly, week_of},
    PeriodRule{"monthly", &base::RetentionConfig::monthly, month_period},
    PeriodRule{"yearly", &base::RetentionConfig::yearly, year_period},
};

const date::time_zone* zone_of(const RetentionRules& rules) {
  base::check_time_zone(rules.time_zone);
  return date::locate_zone(rules.time_zone);
}

class Planner {
 public:
  Planner(std::span<const SnapshotInfo> snapshots, const RetentionRules& rules, sys_seconds now)
      : snapshots_(snapshots),
        rules_(rules),
        now_(now),
        zone_(zone_of(rules)),
        decisions_(snapshots.size()),
        doubted_(snapshots.size()),
        contradictions_(snapshots.size()) {
    for (std::size_t i = 0; i < snapshots.size(); ++i) decisions_[i].snapshot = snapshots[i].id;
    find_doubted();
    collect_backups();
  }

  std::vector<RetentionDecision> run() {
    keep_pinned();
    keep_future();
    keep_newest();
    keep_within();
    keep_last();
    // A snapshot dated by a wrong clock must not displace another in a period to which it does not
    // belong.
    for (const PeriodRule& rule : kPeriodRules) {
      keep_periods(rule, backups_);
      if (trusted_.size() < backups_.size()) keep_periods(rule, trusted_);
      if (has_contradictions_) keep_periods(rule, backups_, Times::kShifted);
    }
    keep_rescued();
    keep_held();
    keep_compared();
    keep_witnesses();
    return std::move(decisions_);
  }

  // The sequence of the last snapshot that helps to show which times are those of a wrong clock;
  // 0 if all times follow the order.
  std::uint64_t unclear_through() const {
    std::uint64_t last = 0;
    const auto add = [&](std::size_t i) { last = std::max(last, snapshots_[i].sequence); };
    for (const std::size_t i : as_made_) {
      const std::optional<Contradiction>& contradiction = contradictions_[i];
      if (doubted_[i] || contradiction) add(i);
      if (contradiction && contradiction->next) add(as_made_[*contradiction->next]);
    }
    return last;
  }

 private:
  enum class Times {
    kRecorded,
    kShifted,  // those of contradicted snapshots as if the clock had been right before
  };

  // The snapshot from which a duration reaches back to another one.
  enum class Within { kNothing, kNewest, kBeforeGap };

  // Between two backups.
  struct Gap {
    std::uint64_t begin = 0;  // their sequence numbers
    std::uint64_t end = 0;
    std::chrono::days length{};

    std::string name() const { return "a gap of " + base::format_duration(length); }
  };

  bool is_future(std::size_t i) const { return base::is_in_future(snapshots_[i].time, now_); }
  bool is_complete(std::size_t i) const {
    return snapshots_[i].status == SnapshotStatus::kComplete;
  }

  // Both depend on the order in which the snapshots were made.
  void find_doubted() {
    std::vector<std::size_t> order(snapshots_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [this](std::size_t a, std::size_t b) {
      return std::tuple(snapshots_[a].sequence, snapshots_[a].time, a) <
             std::tuple(snapshots_[b].sequence, snapshots_[b].time, b);
    });
    std::vector<SnapshotInfo> as_made;
    as_made.reserve(order.size());
    for (const std::size_t i : order) as_made.push_back(snapshots_[i]);
    const std::vector<bool> doubted = doubted_times(as_made, now_);
    for (std::size_t at = 0; at < order.size(); ++at) {
      doubted_[order[at]] = doubted[at];
      decisions_[order[at]].is_doubted = doubted[at];
    }
    std::erase_if(order, [this](std::size_t i) { return is_future(i); });
    as_made_ = std::move(order);
    find_contradicted();
  }

  void find_contradicted() {
    std::vector<SnapshotInfo> as_made;
    as_made.reserve(as_made_.size());
    for (const std::size_t i : as_made_) as_made.push_back(snapshots_[i]);
    const auto found = find_contradictions(as_made);
    for (std::size_t at = 0; at < found.size(); ++at) {
      contradictions_[as_made_[at]] = found[at];
      has_contradictions_ = has_contradictions_ || found[at];
    }
  }

  // The newest complete one of these, or the newest.
  std::optional<std::size_t> anchor_of(const std::vector<std::size_t>& backups) const {
    if (backups.empty()) return std::nullopt;
    const auto complete =
        std::ranges::find_if(backups, [this](std::size_t i) { return is_complete(i); });
    return complete == backups.end() ? backups.front() : *complete;
  }

  // The snapshots that the rules count, newest first.
  void collect_backups() {
    for (std::size_t i = 0; i < snapshots_.size(); ++i)
      if (snapshots_[i].kind == SnapshotKind::kBackup && !is_future(i)) backups_.push_back(i);
    std::ranges::sort(backups_, [this](std::size_t a, std::size_t b) {
      return std::tuple(snapshots_[a].sequence, snapshots_[a].time, a) >
             std::tuple(snapshots_[b].sequence, snapshots_[b].time, b);
    });
    std::ranges::copy_if(backups_, std::back_inserter(trusted_),
                         [this](std::size_t i) { return !doubted_[i]; });
    anchor_ = anchor_of(backups_);
    trusted_anchor_ = anchor_of(trusted_);
    find_recent_gap();
  }

  // A gap between trusted backups after which there are not yet two days of them: whether the clock
  // jumped or there were no backups for so long is not certain until then. Where snapshots were
  // dropped, there was no gap; sequences that no snapshot ever had do not show that.
  void find_recent_gap() {
    const auto is_gap = [this](std::size_t later, std::size_t earlier) {
      return snapshots_[later].time - snapshots_[earlier].time > kMaxAhead;
    };
    const auto after = std::ranges::adjacent_find(trusted_, is_gap);
    if (after == trusted_.end()) return;
    const SnapshotInfo& end = snapshots_[*after];
    const SnapshotInfo& begin = snapshots_[*std::next(after)];
    if (snapshots_[trusted_.front()].time - end.time >= kMaxAhead) return;
    gap_ = {.begin = begin.sequence,
            .end = end.sequence,
            .length = std::chrono::floor<std::chrono::days>(end.time - begin.time)};
    const std::uint64_t skipped_through = std::max(gap_.begin, rules_.used_up);
    const auto left = std::ranges::count_if(snapshots_, [&](const SnapshotInfo& snapshot) {
      return snapshot.sequence > skipped_through && snapshot.sequence < gap_.end;
    });
    if (skipped_through + static_cast<std::uint64_t>(left) + 1 < gap_.end) return;
    earlier_anchor_ = anchor_of({std::next(after), trusted_.end()});
  }

  void keep(std::size_t i, std::string reason) {
    decisions_[i].verdict = Verdict::kKeep;
    std::vector<std::string>& reasons = decisions_[i].reasons;
    if (std::ranges::find(reasons, reason) == reasons.end()) reasons.push_back(std::move(reason));
  }

  void keep_pinned() {
    for (std::size_t i = 0; i < snapshots_.size(); ++i)
      if (snapshots_[i].is_pinned(now_)) keep(i, pin_text(snapshots_[i], rules_.time_zone));
  }

  void keep_future() {
    for (std::size_t i = 0; i < snapshots_.size(); ++i)
      if (is_future(i)) keep(i, "dated in the future, kept until then");
  }

  void keep_newest() {
    if (!anchor_) return;
    if (is_complete(*anchor_)) keep(*anchor_, "newest complete snapshot, never dropped");
    if (backups_.front() != *anchor_ || !is_complete(*anchor_))
      keep(backups_.front(), "newest snapshot, never dropped");
  }

  // Whether `i` is at most `duration` before the newest complete snapshot or the newest one with a
  // time that is not doubted, or else before the newest one before a recent gap. A contradicted one
  // counts as made when the next one was, so that it is not dropped as soon as the clock is right.
  Within within(std::size_t i, std::chrono::seconds duration) {
    const std::optional<Contradiction>& contradiction = contradictions_[i];
    if (contradiction && !contradiction->next) return Within::kNewest;
    const sys_seconds made = snapshots_[contradiction ? as_made_[*contradiction->next] : i].time;
    const auto is_after = [&](const std::optional<std::size_t>& anchor) {
      return anchor && snapshots_[*anchor].time - made <= duration;
    };
    const bool is_before_gap = is_after(earlier_anchor_);
    is_gap_needed_ = is_gap_needed_ || is_before_gap;
    if (!anchor_ || is_after(anchor_) || is_after(trusted_anchor_)) return Within::kNewest;
    return is_before_gap ? Within::kBeforeGap : Within::kNothing;
  }

  std::string within_text(Within nearest, std::chrono::seconds duration) const {
    const std::string length = base::format_duration(duration);
    if (nearest == Within::kNothing) return fmt::format("more than {} before the newest", length);
    const std::string gap = nearest == Within::kBeforeGap ? " before " + gap_.name() : "";
    return fmt::format("within {} of the newest{}", length, gap);
  }

  void keep_within() {
    const std::chrono::seconds duration = rules_.policy.keep_within;
    for (const std::size_t i : backups_) {
      const Within nearest = duration.count() > 0 ? within(i, duration) : Within::kNothing;
      if (nearest != Within::kNothing) keep(i, within_text(nearest, duration));
    }
  }

  void keep_last() {
    const std::string reason = fmt::format("one of the last {}", rules_.policy.last);
    for (std::size_t i = 0; i < backups_.size() && i < rules_.policy.last; ++i)
      keep(backups_[i], reason);
  }

  WallTime wall_time(sys_seconds time) const {
    const date::sys_info info = zone_->get_info(time);
    return {.local = date::local_seconds(time.time_since_epoch() + info.offset),
            .offset = info.offset};
  }

  // Periods without a snapshot don't count, so a pause in the backups costs no history.
  void keep_periods(const PeriodRule& rule, const std::vector<std::size_t>& backups,
                    Times times = Times::kRecorded) {
    struct Kept {
      std::string name;
      std::size_t snapshot;
    };
    std::map<std::int64_t, Kept, std::greater<>> periods;
    for (const std::size_t i : backups) {
      const bool is_shifted = times == Times::kShifted && contradictions_[i];
      Period period =
          rule.period(wall_time(is_shifted ? contradictions_[i]->shifted : snapshots_[i].time));
      const auto [place, is_new] =
          periods.try_emplace(period.order, Kept{std::move(period.name), i});
      if (!is_new && is_complete(i) && !is_complete(place->second.snapshot))
        place->second.snapshot = i;
    }
    unsigned left = rules_.policy.*rule.count;
    for (const auto& [order, kept] : periods) {
      if (left-- == 0) return;
      keep(kept.snapshot, fmt::format("{} {}", rule.name, kept.name));
    }
  }

  void keep_rescued() {
    for (std::size_t i = 0; i < snapshots_.size(); ++i) {
      if (snapshots_[i].kind != SnapshotKind::kRescue || is_future(i)) continue;
      const Within nearest = within(i, rules_.sweep_keep);
      const std::string reason = "rescued by a sweep, " + within_text(nearest, rules_.sweep_keep);
      if (nearest == Within::kNothing)
        decisions_[i].reasons.push_back(reason);
      else
        keep(i, reason);
    }
  }

  void keep_held() {
    if (!rules_.hold_through) return;
    const auto held = std::ranges::find(snapshots_, *rules_.hold_through, &SnapshotInfo::sequence);
    const std::string reason =
        fmt::format("much vanished{}: kept until this is acknowledged",
                    held == snapshots_.end() ? "" : " at " + base::shown_time(held->time));
    for (std::size_t i = 0; i < snapshots_.size(); ++i)
      if (snapshots_[i].sequence <= *rules_.hold_through) keep(i, reason);
  }

  void keep_compared() {
    for (std::size_t i = 0; i < snapshots_.size(); ++i) {
      if (!rules_.compared.contains(snapshots_[i].sequence)) continue;
      keep(i, "not complete: kept to notice if three nights make no progress");
    }
  }

  // Without them the next plan would not see that the time of a kept snapshot is contradicted, and
  // would drop it.
  void keep_witnesses() {
    const auto keep_witness = [this](std::size_t at) {
      const std::size_t i = as_made_[at];
      if (decisions_[i].verdict == Verdict::kKeep) return;
      keep(i, "shows when another snapshot, with a wrong time, was made");
    };
    if (is_gap_needed_) keep_gap();
    for (std::size_t at = as_made_.size(); at-- > 0;) {
      const std::size_t i = as_made_[at];
      const std::optional<Contradiction>& contradiction = contradictions_[i];
      if (!contradiction || decisions_[i].verdict != Verdict::kKeep) continue;
      if (contradiction->next) keep_witness(*contradiction->next);
      keep_witness(contradiction->first);
      keep_witness(contradiction->first - 1);
    }
  }

  // The snapshots that show the gap, and the anchor before it.
  void keep_gap() {
    for (std::size_t i = 0; i < snapshots_.size(); ++i) {
      const std::uint64_t made = snapshots_[i].sequence;
      const bool is_at_gap = made >= gap_.begin && made <= gap_.end;
      if (is_at_gap && decisions_[i].verdict != Verdict::kKeep)
        keep(i, "shows " + gap_.name() + ": no backups were made, or the clock jumped");
    }
    if (decisions_[*earlier_anchor_].verdict != Verdict::kKeep)
      keep(*earlier_anchor_, "the newest complete one before " + gap_.name());
  }

  std::span<const SnapshotInfo> snapshots_;
  const RetentionRules& rules_;
  sys_seconds now_;
  const date::time_zone* zone_;
  std::vector<RetentionDecision> decisions_;
  std::vector<bool> doubted_;         // of snapshots_, see doubted_times()
  std::vector<std::size_t> as_made_;  // positions in snapshots_, in that order, without the future
  std::vector<std::optional<Contradiction>> contradictions_;  // of snapshots_
  bool has_contradictions_ = false;
  std::vector<std::size_t> backups_;   // positions in snapshots_
  std::vector<std::size_t> trusted_;   // those of backups_ that are not doubted
  std::optional<std::size_t> anchor_;  // the newest complete one, or the newest
  std::optional<std::size_t> trusted_anchor_;
  Gap gap_;
  std::optional<std::size_t> earlier_anchor_;  // before the gap
  bool is_gap_needed_ = false;                 // something is within a duration of it
};

// The decisions of the rules alone.
struct RetentionDraft {
  std::vector<RetentionDecision> decisions;
  std::uint64_t unclear_through = 0;  // see Planner::unclear_through()
};

RetentionDraft draft_plan(std::span<const SnapshotInfo> snapshots, const RetentionRules& rules,
                          sys_seconds now) {
  Planner planner(snapshots, rules, now);
  return {.decisions = planner.run(), .unclear_through = planner.unclear_through()};
}

bool drops_nothing(const RetentionDraft& draft) {
  return std::ranges::count(draft.decisions, Verdict::kDrop, &RetentionDecision::verdict) == 0;
}

std::vector<SnapshotInfo> left_by(const RetentionDraft& draft,
                                  std::span<const SnapshotInfo> snapshots) {
  std::vector<SnapshotInfo> left;
  for (std::size_t i = 0; i < snapshots.size(); ++i)
    if (draft.decisions[i].verdict == Verdict::kKeep) left.push_back(snapshots[i]);
  return left;
}

// Whether the rules drop nothing more once this is carried out. Where many nights had a wrong
// clock, what is dropped may have shown which of the others had it.
bool is_stable(const RetentionDraft& draft, std::span<const SnapshotInfo> snapshots,
               const RetentionRules& rules, sys_seconds now) {
  return drops_nothing(draft) || drops_nothing(draft_plan(left_by(draft, snapshots), rules, now));
}

void keep_through(std::uint64_t sequence, std::span<const SnapshotInfo> snapshots,
                  RetentionDraft& draft) {
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    RetentionDecision& decision = draft.decisions[i];
    if (decision.verdict == Verdict::kKeep || snapshots[i].sequence > sequence) continue;
    decision.verdict = Verdict::kKeep;
    decision.reasons.emplace_back("may show which times are those of a wrong clock");
  }
}

// Whether plan_retention() certainly drops nothing of these.
bool is_final(std::span<const SnapshotInfo> snapshots, const RetentionRules& rules,
              sys_seconds now) {
  RetentionDraft draft = draft_plan(snapshots, rules, now);
  if (is_stable(draft, snapshots, rules, now)) return drops_nothing(draft);
  keep_through(draft.unclear_through, snapshots, draft);
  return drops_nothing(draft);
}

// Keeps the whole time in which the clock was wrong, so that what is dropped since then changes
// nothing about it; if that is not enough, everything.
void keep_unclear(std::span<const SnapshotInfo> snapshots, const RetentionRules& rules,
                  sys_seconds now, RetentionDraft& draft) {
  keep_through(draft.unclear_through, snapshots, draft);
  if (drops_nothing(draft) || is_final(left_by(draft, snapshots), rules, now)) return;
  keep_through(std::numeric_limits<std::uint64_t>::max(), snapshots, draft);
}

}  // namespace

std::string pin_text(const SnapshotInfo& snapshot, std::string_view zone) {
  if (snapshot.pinned_until == kPinnedWithoutEnd) return "pinned";
  return "pinned until " + base::format_zoned(snapshot.pinned_until, zone);
}

std::vector<RetentionDecision> plan_retention(std::span<const SnapshotInfo> snapshots,
                                              const RetentionRules& rules, sys_seconds now) {
  RetentionDraft draft = draft_plan(snapshots, rules, now);
  if (!is_stable(draft, snapshots, rules, now)) keep_unclear(snapshots, rules, now, draft);
  for (RetentionDecision& decision : draft.decisions)
    if (decision.reasons.empty()) decision.reasons.emplace_back("no rule keeps it");
  return std::move(draft.decisions);
}

}  // namespace store
