#include "store/maintenance/retention.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/time_text.h"
#include "tests/expect_error.h"
#include "tests/store/maintenance/planned_retention.h"
#include "tests/text_of.h"

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::sys_seconds;
using store::no_rules;
using store::RetentionDecision;
using store::RetentionRules;
using store::SnapshotInfo;
using store::SnapshotKind;
using store::SnapshotStatus;
using store::Verdict;
using testing::ElementsAre;
using testing::IsEmpty;

sys_seconds at(std::string_view time) {
  return base::parse_time(time, "UTC");
}

SnapshotInfo snapshot(sys_seconds time, SnapshotStatus status = SnapshotStatus::kComplete,
                      SnapshotKind kind = SnapshotKind::kBackup) {
  SnapshotInfo info;
  auto seconds = static_cast<std::uint64_t>(time.time_since_epoch().count());
  for (std::size_t i = 0; i < 8; ++i, seconds >>= 8U)
    info.id.bytes.at(i) = static_cast<std::byte>(seconds);
  info.time = time;
  info.status = status;
  info.kind = kind;
  return info;
}

SnapshotInfo partial(sys_seconds time) {
  return snapshot(time, SnapshotStatus::kPartial);
}

SnapshotInfo rescued(sys_seconds time) {
  return snapshot(time, SnapshotStatus::kComplete, SnapshotKind::kRescue);
}

std::vector<SnapshotInfo> every(std::chrono::seconds step, std::string_view from,
                                std::string_view to) {
  std::vector<SnapshotInfo> snapshots;
  for (sys_seconds time = at(from); time <= at(to); time += step)
    snapshots.push_back(snapshot(time));
  return snapshots;
}

const sys_seconds kMuchLater = at("2027-06-01");

std::string describe(const SnapshotInfo& snapshot, const RetentionDecision& decision) {
  return fmt::format("{} {:<8} {} {}\n", base::format_rfc3339(snapshot.time),
                     snapshot.kind == SnapshotKind::kRescue ? "rescue" : word(snapshot.status),
                     decision.verdict == Verdict::kKeep ? "keep" : "drop",
                     fmt::join(decision.reasons, "; "));
}

// As made by a right clock, unless they have sequence numbers.
std::vector<SnapshotInfo> as_made(std::vector<SnapshotInfo> snapshots) {
  std::vector<SnapshotInfo*> order;
  for (SnapshotInfo& info : snapshots) order.push_back(&info);
  std::ranges::stable_sort(order, {}, &SnapshotInfo::time);
  std::uint64_t sequence = 0;
  for (SnapshotInfo* info : order)
    if (info->sequence == 0) info->sequence = ++sequence;
  return snapshots;
}

// Snapshots dropped for no particular reason are only counted.
std::string describe_plan(const std::vector<SnapshotInfo>& snapshots, const RetentionRules& rules,
                          sys_seconds now) {
  const auto plan = store::plan_retention(as_made(snapshots), rules, now);
  std::string text;
  std::size_t dropped = 0;
  const auto end_dropped = [&] {
    if (dropped > 0) text += fmt::format("... {} drop no rule keeps it\n", dropped);
    dropped = 0;
  };
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].reasons.front() == "no rule keeps it") {
      EXPECT_EQ(plan[i].verdict, Verdict::kDrop);
      ++dropped;
      continue;
    }
    end_dropped();
    text += describe(snapshots[i], plan[i]);
  }
  end_dropped();
  return text;
}

// If MAILSTOW_WRITE_GOLDEN is set, the files are rewritten: review the changes.
void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(MAILSTOW_GOLDEN_DIRECTORY) + "/retention_" + name + ".txt";
  if (std::getenv("MAILSTOW_WRITE_GOLDEN") != nullptr) std::ofstream(path) << text;
  EXPECT_EQ(text, tests::text_of(path)) << path;
}

std::vector<std::string> kept(const std::vector<SnapshotInfo>& snapshots,
                              const RetentionRules& rules, sys_seconds now = kMuchLater) {
  std::vector<std::string> times;
  for (const SnapshotInfo& info : store::kept_by(rules, as_made(snapshots), now)) {
    times.push_back(base::format_rfc3339(info.time));
  }
  return times;
}

TEST(RetentionGolden, ThePolicyOfTheDefaultConfiguration) {
  expect_golden("default", describe_plan(every(days(1), "2024-11-01T02:30", "2026-11-24T02:30"),
                                         RetentionRules(), at("2026-11-24T12:00")));
}

TEST(RetentionTest, HeldSnapshotsStayUnderAnyRules) {
  RetentionRules rules = no_rules();
  auto snapshots = every(days(1), "2026-11-01", "2026-11-05");
  for (std::size_t i = 0; i < snapshots.size(); ++i) snapshots[i].sequence = i + 1;
  EXPECT_THAT(kept(snapshots, rules), ElementsAre("2026-11-05T00:00:00Z"));
  rules.hold_through = 3;
  EXPECT_THAT(kept(snapshots, rules), ElementsAre("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z",
                                                  "2026-11-03T00:00:00Z", "2026-11-05T00:00:00Z"));
  rules.hold_through.reset();
  rules.compared = {2, 4};
  EXPECT_THAT(kept(snapshots, rules),
              ElementsAre("2026-11-02T00:00:00Z", "2026-11-04T00:00:00Z", "2026-11-05T00:00:00Z"));
}

TEST(RetentionTest, APinnedSnapshotIsKeptUntilItsPinEnds) {
  std::vector<SnapshotInfo> snapshots = every(days(1), "2026-11-01", "2026-11-04");
  snapshots[0].pinned_until = store::kPinnedWithoutEnd;
  snapshots[1].pinned_until = at("2026-12-01");
  const std::string first = base::format_rfc3339(snapshots[0].time);
  const std::string second = base::format_rfc3339(snapshots[1].time);
  const std::string newest = base::format_rfc3339(snapshots[3].time);
  EXPECT_THAT(kept(snapshots, no_rules(), at("2026-11-30")), ElementsAre(first, second, newest));
  EXPECT_THAT(kept(snapshots, no_rules(), at("2026-12-01")), ElementsAre(first, newest));
  RetentionRules rules = no_rules();
  rules.time_zone = "Europe/Oslo";
  const auto plan = store::plan_retention(snapshots, rules, at("2026-11-30"));
  EXPECT_THAT(plan[0].reasons, ElementsAre("pinned"));
  EXPECT_THAT(plan[1].reasons, ElementsAre("pinned until 2026-12-01T01:00:00+01:00"));
}

// The second backup had the clock behind, the third one had it ahead, and that time has come.
TEST(RetentionTest, TheSnapshotMadeLastIsTheNewest) {
  RetentionRules rules = no_rules();
  std::vector<SnapshotInfo> snapshots;
  for (const char* const time : {"2026-11-01", "2025-11-02", "2027-05-01", "2026-11-04"}) {
    snapshots.push_back(snapshot(at(time)));
    snapshots.back().sequence = snapshots.size();
  }
  EXPECT_THAT(kept(snapshots, rules), ElementsAre("2027-05-01T00:00:00Z", "2026-11-04T00:00:00Z"))
      << "the last two, which show that the clock went back";
  std::vector<bool> doubted;
  for (const RetentionDecision& decision : store::plan_retention(snapshots, rules, kMuchLater))
    doubted.push_back(decision.is_doubted);
  EXPECT_THAT(doubted, ElementsAre(false, true, true, false));
  EXPECT_EQ(store::plan_retention(snapshots, rules, kMuchLater)[3].reasons.front(),
            "newest complete snapshot, never dropped");
  rules.policy.last = 2;
  EXPECT_THAT(kept(snapshots, rules), ElementsAre("2027-05-01T00:00:00Z", "2026-11-04T00:00:00Z"));
  rules.policy.last = 0;
  rules.hold_through = 2;
  EXPECT_EQ(kept(snapshots, rules).size(), 4U);
}

// Another month's snapshot was made with the clock of January.
TEST(RetentionTest, ASnapshotDatedByAWrongClockDisplacesNoOther) {
  RetentionRules rules = no_rules();
  rules.policy.monthly = 12;
  std::vector<SnapshotInfo> snapshots;
  std::vector<std::string> all;
  for (const char* const time :
       {"2026-01-15", "2026-02-15", "2026-03-15", "2026-01-20", "2026-04-15"}) {
    snapshots.push_back(snapshot(at(time)));
    snapshots.back().sequence = snapshots.size();
    all.push_back(std::string(time) + "T00:00:00Z");
  }
  EXPECT_EQ(kept(snapshots, rules), all);
  rules.policy.monthly = 2;
  EXPECT_THAT(kept(snapshots, rules),
              ElementsAre("2026-03-15T00:00:00Z", "2026-01-20T00:00:00Z", "2026-04-15T00:00:00Z"))
      << "it was made between those two";
}

TEST(RetentionGolden, EveryRuleAtOnce) {
  RetentionRules rules;
  rules.policy = {.keep_within = hours(36),
                  .last = 3,
                  .hourly = 12,
                  .daily = 7,
                  .weekly = 4,
                  .monthly = 3,
                  .yearly = 2};
  rules.time_zone = "Europe/Oslo";
  expect_golden("every_rule", describe_plan(every(hours(7), "2026-08-20", "2026-11-24"), rules,
                                            at("2026-11-24T12:00")));
}

TEST(RetentionGolden, HoursWhenTheClocksArePutBack) {
  RetentionRules rules = no_rules();
  rules.policy.hourly = 8;
  rules.policy.daily = 2;
  rules.time_zone = "Europe/Berlin";
  expect_golden(
      "clocks_back",
      describe_plan(every(minutes(20), "2026-10-24T20:00", "2026-10-25T04:00"), rules, kMuchLater));
}

TEST(RetentionGolden, HoursWhenTheClocksArePutForward) {
  RetentionRules rules = no_rules();
  rules.policy.hourly = 8;
  rules.policy.daily = 2;
  rules.time_zone = "America/New_York";
  expect_golden(
      "clocks_forward",
      describe_plan(every(minutes(20), "2026-03-08T03:00", "2026-03-08T12:00"), rules, kMuchLater));
}

TEST(RetentionGolden, HalfAnHourOfDaylightSaving) {
  RetentionRules rules = no_rules();
  rules.policy.hourly = 6;
  rules.time_zone = "Australia/Lord_Howe";
  expect_golden(
      "half_an_hour",
      describe_plan(every(minutes(15), "2026-04-04T13:00", "2026-04-04T17:00"), rules, kMuchLater));
}

TEST(RetentionGolden, WeeksAtTheEndOfAYear) {
  RetentionRules rules = no_rules();
  rules.policy.weekly = 60;
  rules.policy.yearly = 10;
  expect_golden("year_ends",
                describe_plan(every(days(2), "2025-12-20", "2027-01-20"), rules, kMuchLater));
}

TEST(RetentionGolden, ADayBeginsWhereTheAdministratorLives) {
  RetentionRules rules = no_rules();
  rules.policy.daily = 4;
  rules.policy.monthly = 2;
  const auto snapshots = every(hours(6), "2026-09-28", "2026-10-02");
  std::string text;
  for (const char* zone : {"UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"}) {
    rules.time_zone = zone;
    text += std::string(zone) + "\n" + describe_plan(snapshots, rules, kMuchLater);
  }
  expect_golden("time_zones", text);
}

TEST(RetentionGolden, SnapshotsOfEveryKind) {
  RetentionRules rules = no_rules();
  rules.policy.keep_within = days(3);
  rules.policy.daily = 5;
  rules.sweep_keep = days(10);
  const sys_seconds start = at("2026-11-01T02:30");
  std::vector<SnapshotInfo> snapshots;
  for (int day = 0; day < 14; ++day) {
    snapshots.push_back(day % 3 == 0 || day > 10 ? partial(start + days(day))
                                                 : snapshot(start + days(day)));
    snapshots.push_back(snapshot(start + days(day) + hours(3), SnapshotStatus::kMoving));
  }
  snapshots.push_back(rescued(start - days(5)));
  snapshots.push_back(rescued(start + days(5)));
  snapshots.push_back(snapshot(at("2099-01-01")));
  expect_golden("kinds", describe_plan(snapshots, rules, at("2026-11-20")));
}

TEST(Retention, PlansNothingForNoSnapshots) {
  EXPECT_THAT(store::plan_retention({}, RetentionRules(), kMuchLater), IsEmpty());
}

TEST(Retention, WithoutRulesTheNewestCompleteSnapshotStays) {
  EXPECT_THAT(kept(every(days(1), "2026-11-01", "2026-11-09"), no_rules()),
              ElementsAre("2026-11-09T00:00:00Z"));
}

TEST(Retention, TheNewestStaysBesidesTheNewestComplete) {
  const std::vector snapshots{snapshot(at("2026-11-01")), snapshot(at("2026-11-02")),
                              partial(at("2026-11-03")), partial(at("2026-11-04"))};
  EXPECT_THAT(kept(snapshots, no_rules()),
              ElementsAre("2026-11-02T00:00:00Z", "2026-11-04T00:00:00Z"));
}

TEST(Retention, KeepWithinCountsFromTheNewestCompleteAndNotFromNow) {
  RetentionRules rules = no_rules();
  rules.policy.keep_within = days(2);
  std::vector<SnapshotInfo> snapshots = every(days(1), "2026-01-01", "2026-01-05");
  EXPECT_THAT(kept(snapshots, rules),
              ElementsAre("2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z", "2026-01-05T00:00:00Z"));
  snapshots.push_back(partial(at("2026-03-01")));
  EXPECT_EQ(kept(snapshots, rules).size(), 4U);
}

// After a gap, it takes two days of backups to know that the clock did not jump.
TEST(Retention, KeepWithinCountsFromBeforeAGapUntilTwoDaysOfBackups) {
  RetentionRules rules = no_rules();
  rules.policy.keep_within = days(7);
  std::vector<SnapshotInfo> snapshots = every(days(1), "2026-01-01", "2026-01-06");
  snapshots.push_back(partial(at("2026-01-07")));
  snapshots.push_back(snapshot(at("2027-01-06")));
  EXPECT_EQ(kept(snapshots, rules).size(), 8U);
  EXPECT_EQ(kept(snapshots, rules, at("2027-05-31")).size(), 8U) << "whatever the time is";
  snapshots.push_back(snapshot(at("2027-01-07")));
  EXPECT_EQ(kept(snapshots, rules).size(), 9U);
  snapshots.push_back(snapshot(at("2027-01-08T00:00:01")));
  EXPECT_THAT(kept(snapshots, rules),
              ElementsAre("2027-01-06T00:00:00Z", "2027-01-07T00:00:00Z", "2027-01-08T00:00:01Z"));
}

TEST(Retention, WithABackupAWeekKeepWithinCountsFromTheNewestButOne) {
  RetentionRules rules = no_rules();
  rules.policy.keep_within = days(10);
  EXPECT_THAT(kept(every(days(7), "2026-01-01", "2026-01-29"), rules),
              ElementsAre("2026-01-15T00:00:00Z", "2026-01-22T00:00:00Z", "2026-01-29T00:00:00Z"));
}

TEST(Retention, WithoutACompleteSnapshotTheNewestIsKept) {
  RetentionRules rules = no_rules();
  rules.policy.keep_within = days(1);
  EXPECT_THAT(
      kept({partial(at("2026-01-01")), partial(at("2026-01-03")), partial(at("2026-01-04"))},
           rules),
      ElementsAre("2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"));
}

TEST(Retention, ADaysCompleteSnapshotIsPreferred) {
  RetentionRules rules = no_rules();
  rules.policy.daily = 2;
  EXPECT_THAT(kept({snapshot(at("2026-01-01T01:00")), snapshot(at("2026-01-01T02:00")),
                    partial(at("2026-01-01T03:00")), snapshot(at("2026-01-02T01:00"))},
                   rules),
              ElementsAre("2026-01-01T02:00:00Z", "2026-01-02T01:00:00Z"));
}

TEST(Retention, ASnapshotFromAWrongClockDisplacesNothing) {
  RetentionRules rules = no_rules();
  rules.policy.keep_within = days(1);
  rules.policy.last = 1;
  EXPECT_THAT(kept({snapshot(at("2026-01-01")), snapshot(at("2026-01-02")),
                    snapshot(at("2026-01-03")), snapshot(at("2099-01-01"))},
                   rules),
              ElementsAre("2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2099-01-01T00:00:00Z"));
}

// Another machine made it, and its clock differs by minutes.
TEST(Retention, ASnapshotWithinTheSlackOfClocksIsNotInTheFuture) {
  RetentionRules rules = no_rules();
  rules.policy.last = 1;
  const std::vector<SnapshotInfo> snapshots = {snapshot(at("2026-01-01T12:00")),
                                               snapshot(at("2026-01-01T12:20"))};
  EXPECT_THAT(kept(snapshots, rules, at("2026-01-01T12:15")), ElementsAre("2026-01-01T12:20:00Z"));
  EXPECT_EQ(kept(snapshots, rules, at("2026-01-01T12:14")).size(), 2U);
}

TEST(Retention, AClockThatWentBackDropsNothing) {
  EXPECT_EQ(kept(every(days(1), "2026-01-01", "2026-01-09"), no_rules(), at("1970-01-01")).size(),
            9U);
}

TEST(Retention, TheOrderOfTheSnapshotsDoesNotMatter) {
  const std::vector<SnapshotInfo> forwards = every(hours(5), "2026-01-01", "2026-03-01");
  const std::vector<SnapshotInfo> backwards(forwards.rbegin(), forwards.rend());
  std::vector<std::string> one = kept(forwards, RetentionRules());
  std::ranges::reverse(one);
  EXPECT_EQ(one, kept(backwards, RetentionRules()));
}

TEST(Retention, RejectsAnUnknownTimeZone) {
  RetentionRules rules;
  rules.time_zone = "Middle-earth/Shire";
  EXPECT_ERROR(kConfig, "Middle-earth/Shire", store::plan_retention({}, rules, kMuchLater));
}

// Around a change of clocks and a year's end, often several within an hour.
std::vector<SnapshotInfo> any_snapshots() {
  std::vector<SnapshotInfo> snapshots;
  sys_seconds time = at(*rc::gen::element<std::string>("2026-10-24", "2026-12-28", "2026-03-07"));
  for (int left = *rc::gen::inRange(0, 60); left > 0; --left) {
    time += minutes(*rc::gen::oneOf(rc::gen::inRange(0, 90), rc::gen::inRange(0, 60 * 24 * 20)));
    const int kind = *rc::gen::inRange(0, 6);
    snapshots.push_back(kind == 0 ? rescued(time) : kind == 1 ? partial(time) : snapshot(time));
  }
  return as_made(std::move(snapshots));
}

constexpr std::array kCounts = {&base::RetentionConfig::last,    &base::RetentionConfig::hourly,
                                &base::RetentionConfig::daily,   &base::RetentionConfig::weekly,
                                &base::RetentionConfig::monthly, &base::RetentionConfig::yearly};

RetentionRules any_rules() {
  RetentionRules rules;
  rules.policy.keep_within = hours(*rc::gen::inRange(0, 24 * 40));
  for (const auto count : kCounts) rules.policy.*count = *rc::gen::inRange(0U, 6U);
  rules.sweep_keep = days(*rc::gen::inRange(0, 100));
  rules.time_zone = *rc::gen::element<std::string>("UTC", "Europe/Berlin", "America/New_York",
                                                   "Australia/Lord_Howe", "Pacific/Apia");
  return rules;
}

RC_GTEST_PROP(RetentionProperty, MoreRulesNeverDropMore, ()) {
  const auto snapshots = any_snapshots();
  const RetentionRules rules = any_rules();
  RetentionRules more = rules;
  more.policy.keep_within += hours(*rc::gen::inRange(0, 100));
  for (const auto count : kCounts) more.policy.*count += *rc::gen::inRange(0U, 3U);
  more.sweep_keep += hours(*rc::gen::inRange(0, 100));
  const auto plan = store::plan_retention(snapshots, rules, kMuchLater);
  const auto larger = store::plan_retention(snapshots, more, kMuchLater);
  for (std::size_t i = 0; i < plan.size(); ++i)
    RC_ASSERT(plan[i].verdict == Verdict::kDrop || larger[i].verdict == Verdict::kKeep);
}

RC_GTEST_PROP(RetentionProperty, ASecondPlanDropsNothing, ()) {
  const auto snapshots = any_snapshots();
  const RetentionRules rules = any_rules();
  const std::vector<SnapshotInfo> left = store::kept_by(rules, snapshots, kMuchLater);
  for (const RetentionDecision& decision : store::plan_retention(left, rules, kMuchLater))
    RC_ASSERT(decision.verdict == Verdict::kKeep);
}

RC_GTEST_PROP(RetentionProperty, TheNewestCompleteSnapshotIsAlwaysKept, ()) {
  const auto snapshots = any_snapshots();
  const auto plan = store::plan_retention(snapshots, any_rules(), kMuchLater);
  RC_ASSERT(plan.size() == snapshots.size());
  const SnapshotInfo* newest = nullptr;
  for (const SnapshotInfo& info : snapshots)
    if (info.kind == SnapshotKind::kBackup && info.status == SnapshotStatus::kComplete)
      newest = &info;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    RC_ASSERT(plan[i].snapshot == snapshots[i].id);
    RC_ASSERT(!plan[i].reasons.empty());
    RC_ASSERT(&snapshots[i] != newest || plan[i].verdict == Verdict::kKeep);
  }
}

}  // namespace
