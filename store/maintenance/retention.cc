#include "store/maintenance/retention.h"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>

#include <date/date.h>
#include <date/iso_week.h>
#include <date/tz.h>
#include <fmt/core.h>

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
unsigned month_of(date::year_month_day day) {
  return static_cast<unsigned>(day.month());
}
unsigned day_of(date::year_month_day day) {
  return static_cast<unsigned>(day.day());
}

// The hour in which the clocks are put back occurs twice: the offset distinguishes the two.
Period hour_of(const WallTime& time) {
  const auto hour = date::floor<std::chrono::hours>(time.local);
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time.offset).count();
  const date::year_month_day day = time.date();
  return {
      .order = (hour.time_since_epoch() - time.offset).count(),
      .name = fmt::format("{:04}-{:02}-{:02} {:02}:00{}{:02}:{:02}", year_of(day), month_of(day),
                          day_of(day), (hour - time.day()).count(), minutes < 0 ? '-' : '+',
                          std::abs(minutes) / 60, std::abs(minutes) % 60)};
}

Period day_period(const WallTime& time) {
  const date::year_month_day day = time.date();
  return {.order = time.day().time_since_epoch().count(),
          .name = fmt::format("{:04}-{:02}-{:02}", year_of(day), month_of(day), day_of(day))};
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
  return {.order = std::int64_t{year_of(day)} * 100 + month_of(day),
          .name = fmt::format("{:04}-{:02}", year_of(day), month_of(day))};
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
    for (RetentionDecision& decision : decisions_)
      if (decision.reasons.empty()) decision.reasons.emplace_back("no rule keeps it");
    return std::move(decisions_);
  }

 private:
  enum class Times {
    kRecorded,
    kShifted,  // those of contradicted snapshots as if the clock had been right before
  };

  // Sequence numbers of the backups before and after a time without any.
  struct Gap {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };

  bool is_future(std::size_t i) const { return snapshots_[i].time > now_; }
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
    find_contradicted(std::move(order));
  }

  // `order`: the positions of all that are not in the future, as they were made.
  void find_contradicted(std::vector<std::size_t> order) {
    as_made_ = std::move(order);
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
    gap_ = {.begin = begin.sequence, .end = end.sequence};
    std::uint64_t left = 0;
    for (std::size_t i = 0; i < snapshots_.size(); ++i)
      if (is_at_gap(i)) ++left;
    if (left <= gap_.end - gap_.begin && gap_.end > rules_.used_up + 1) return;
    earlier_anchor_ = anchor_of({std::next(after), trusted_.end()});
  }

  bool is_at_gap(std::size_t i) const {
    return snapshots_[i].sequence >= gap_.begin && snapshots_[i].sequence <= gap_.end;
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

  // `i` is at most `duration` before the newest complete snapshot, before the newest one with a
  // time that is not doubted, or before the newest one before a recent gap. A contradicted one
  // counts as made when the next one was, so that it is not dropped as soon as the clock is right.
  bool is_within(std::size_t i, std::chrono::seconds duration) {
    const std::optional<Contradiction>& contradiction = contradictions_[i];
    if (contradiction && !contradiction->next) return true;
    const sys_seconds made = snapshots_[contradiction ? as_made_[*contradiction->next] : i].time;
    const auto is_after = [&](const std::optional<std::size_t>& anchor) {
      return anchor && snapshots_[*anchor].time - made <= duration;
    };
    is_gap_needed_ = is_gap_needed_ || is_after(earlier_anchor_);
    return !anchor_ || is_after(anchor_) || is_after(trusted_anchor_) || is_after(earlier_anchor_);
  }

  void keep_within() {
    const std::chrono::seconds duration = rules_.policy.keep_within;
    if (duration.count() <= 0) return;
    const std::string reason =
        fmt::format("within {} of the newest", base::format_duration(duration));
    for (const std::size_t i : backups_)
      if (is_within(i, duration)) keep(i, reason);
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
    const std::string duration = base::format_duration(rules_.sweep_keep);
    for (std::size_t i = 0; i < snapshots_.size(); ++i) {
      if (snapshots_[i].kind != SnapshotKind::kRescue || is_future(i)) continue;
      if (is_within(i, rules_.sweep_keep))
        keep(i, fmt::format("rescued by a sweep, within {} of the newest", duration));
      else
        decisions_[i].reasons.push_back(
            fmt::format("rescued by a sweep, more than {} before the newest", duration));
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
    for (std::size_t i = 0; i < snapshots_.size(); ++i) {
      if (!is_gap_needed_ || !is_at_gap(i) || decisions_[i].verdict == Verdict::kKeep) continue;
      keep(i, "shows that the clock may have jumped");
    }
    for (std::size_t at = as_made_.size(); at-- > 0;) {
      const std::size_t i = as_made_[at];
      const std::optional<Contradiction>& contradiction = contradictions_[i];
      if (!contradiction || decisions_[i].verdict != Verdict::kKeep) continue;
      if (contradiction->next) keep_witness(*contradiction->next);
      keep_witness(contradiction->first);
      keep_witness(contradiction->first - 1);
    }
  }

  std::span<const SnapshotInfo> snapshots_;
  const RetentionRules& rules_;
  sys_seconds now_;
  const date::time_zone* zone_;
  std::vector<RetentionDecision> decisions_;
  std::vector<bool> doubted_;         // of snapshots_, see doubted_times()
  std::vector<std::size_t> as_made_;  // positions in snapshots_, without the future
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

// Whether the same rules drop nothing more once this is carried out. Where many nights had a wrong
// clock, what is dropped may have shown which of the others had it.
bool is_stable(std::span<const SnapshotInfo> snapshots,
               std::span<const RetentionDecision> decisions, const RetentionRules& rules,
               sys_seconds now) {
  std::vector<SnapshotInfo> left;
  for (std::size_t i = 0; i < snapshots.size(); ++i)
    if (decisions[i].verdict == Verdict::kKeep) left.push_back(snapshots[i]);
  if (left.size() == snapshots.size()) return true;
  return std::ranges::all_of(
      Planner(left, rules, now).run(),
      [](const RetentionDecision& decision) { return decision.verdict == Verdict::kKeep; });
}

}  // namespace

std::string pin_text(const SnapshotInfo& snapshot, std::string_view zone) {
  if (snapshot.pinned_until == kPinnedWithoutEnd) return "pinned";
  return "pinned until " + base::format_zoned(snapshot.pinned_until, zone);
}

std::vector<RetentionDecision> plan_retention(std::span<const SnapshotInfo> snapshots,
                                              const RetentionRules& rules, sys_seconds now) {
  std::vector<RetentionDecision> decisions = Planner(snapshots, rules, now).run();
  if (is_stable(snapshots, decisions, rules, now)) return decisions;
  for (RetentionDecision& decision : decisions) {
    if (decision.verdict == Verdict::kKeep) continue;
    decision.verdict = Verdict::kKeep;
    decision.reasons = {"shows which times are those of a wrong clock"};
  }
  return decisions;
}

}  // namespace store
