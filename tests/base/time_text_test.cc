#include "base/time_text.h"

#include <rapidcheck/gtest.h>

#include "tests/expect_error.h"

namespace base {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

std::string utc(std::string_view text, std::string_view zone = "UTC") {
  return format_rfc3339(parse_time(text, zone));
}

TEST(TimeTextTest, AcceptsEveryFormOfATime) {
  EXPECT_EQ(utc("2026-11-24"), "2026-11-24T00:00:00Z");
  EXPECT_EQ(utc("2026-11-24T02:30"), "2026-11-24T02:30:00Z");
  EXPECT_EQ(utc("2026-11-24 02:30:05"), "2026-11-24T02:30:05Z");
  EXPECT_EQ(utc("20261124T023005"), "2026-11-24T02:30:05Z");
  EXPECT_EQ(utc("2026-11-24T02:30:05Z"), "2026-11-24T02:30:05Z");
  EXPECT_EQ(utc("2026-11-24T02:30:05+01:00"), "2026-11-24T01:30:05Z");
  EXPECT_EQ(utc("20261124"), "2026-11-24T00:00:00Z");
  EXPECT_EQ(utc("2026-11-24T02:30:05.999Z"), "2026-11-24T02:30:05Z");
  EXPECT_EQ(utc("2026-11-24T02:30:05,5+01:00"), "2026-11-24T01:30:05Z");
  EXPECT_EQ(utc("1970-01-01T00:00:00Z"), "1970-01-01T00:00:00Z");
}

TEST(TimeTextTest, WithoutAnOffsetTheZoneDecides) {
  EXPECT_EQ(utc("2026-11-24 02:30", "Europe/Oslo"), "2026-11-24T01:30:00Z");
  EXPECT_EQ(utc("2026-07-24 02:30", "Europe/Oslo"), "2026-07-24T00:30:00Z");
  EXPECT_EQ(utc("2026-11-24T02:30:00Z", "Europe/Oslo"), "2026-11-24T02:30:00Z");
}

TEST(TimeTextTest, AZoneMayFollow) {
  for (const char* text : {"2026-11-24 02:30 Europe/Oslo", "2026-11-24 02:30 (Europe/Oslo)",
                           "2026-11-24T02:30 Europe/Oslo"}) {
    EXPECT_EQ(utc(text), "2026-11-24T01:30:00Z") << text;
  }
  EXPECT_EQ(utc("2026-11-24 02:30 UTC", "Europe/Oslo"), "2026-11-24T02:30:00Z");
  for (const char* text : {"2026-11-24 02:30 Middle-earth/Shire", "2026-11-24 02:30 ()",
                           " Europe/Oslo", "2026-11-24 02:30Z ago"}) {
    EXPECT_ERROR(kUsage, "write it as 2026-11-24", parse_time(text, "UTC"));
  }
}

TEST(TimeTextTest, EveryShownTimeCanBeTypedBack) {
  const sys_seconds time = parse_time("2026-11-24T01:30:00Z", "UTC");
  EXPECT_EQ(shown_time(time), "2026-11-24T01:30:00Z");
  show_times_in("Europe/Oslo");
  EXPECT_EQ(shown_time(time), "2026-11-24T02:30:00+01:00");
  EXPECT_EQ(parse_time(shown_time(time), "UTC"), time);
  EXPECT_ERROR(kConfig, "Middle-earth/Shire", show_times_in("Middle-earth/Shire"));
  show_times_in("UTC");
  for (const char* zone : {"UTC", "Europe/Oslo", "America/New_York"}) {
    for (const std::string& text : {format_zoned(time, zone), format_local(time, zone) + " " + zone,
                                    format_local(time, zone) + " (" + zone + ")"}) {
      EXPECT_EQ(parse_time(text, "Asia/Tokyo"), time) << text;
    }
    EXPECT_EQ(parse_time(format_timestamp(time, zone), zone), time) << zone;
  }
}

TEST(TimeTextTest, AnAmbiguousHourMeansTheFirst) {
  EXPECT_EQ(utc("2026-10-25 02:30", "Europe/Oslo"), "2026-10-25T00:30:00Z");
  const TimeSpan minute = parse_time_span("2026-10-25 02:30", "Europe/Oslo", {});
  EXPECT_EQ(format_rfc3339(minute.begin), "2026-10-25T00:30:00Z");
  EXPECT_EQ(format_rfc3339(minute.end), "2026-10-25T01:31:00Z") << "until the end of the second";
  EXPECT_EQ(utc("2026-10-25 02:30 +01:00", "Europe/Oslo"), "2026-10-25T01:30:00Z");
  EXPECT_EQ(utc("2026-10-25 02:30:05 +0200 (Europe/Oslo)"), "2026-10-25T00:30:05Z");
}

TEST(TimeTextTest, AnAmbiguousTimeIsShownWithItsOffset) {
  const auto shown = [](std::string_view time, std::string_view zone) {
    return format_local(parse_time(time, "UTC"), zone);
  };
  EXPECT_EQ(shown("2026-10-24T23:59:59Z", "Europe/Oslo"), "2026-10-25 01:59");
  EXPECT_EQ(shown("2026-10-25T00:30:00Z", "Europe/Oslo"), "2026-10-25 02:30 +02:00");
  EXPECT_EQ(shown("2026-10-25T01:30:00Z", "Europe/Oslo"), "2026-10-25 02:30 +01:00");
  EXPECT_EQ(shown("2026-10-25T02:00:00Z", "Europe/Oslo"), "2026-10-25 03:00");
  EXPECT_EQ(shown("2027-07-31T10:00:00Z", "CET"), "2027-07-31 12:00 +02:00") << "that is CEST";
  EXPECT_EQ(shown("2027-01-31T11:00:00Z", "CET"), "2027-01-31 12:00");
}

TEST(TimeTextTest, AnAbbreviationMeansItsOffset) {
  EXPECT_EQ(utc("2027-10-31 02:30:00 CET"), "2027-10-31T01:30:00Z") << "not +02:00";
  EXPECT_EQ(utc("2027-01-31 12:00 CET"), "2027-01-31T11:00:00Z");
  EXPECT_EQ(utc("2027-01-31 CET"), "2027-01-30T23:00:00Z");
  EXPECT_ERROR(kUsage, "the clocks do not show CET then: write the time with its offset",
               parse_time("2027-07-31 12:00 CET", "UTC"));
  EXPECT_EQ(utc("2027-07-31 12:00 (CET)"), "2027-07-31T10:00:00Z") << "the zone of a report";
  EXPECT_EQ(utc("2027-07-31 12:00 +02:00 CET"), "2027-07-31T10:00:00Z");
  EXPECT_EQ(utc("2027-07-31 12:00 Japan"), "2027-07-31T03:00:00Z") << "no abbreviation";
  EXPECT_ERROR(kUsage, "write it as 2026-11-24", parse_time("2027-07-31 12:00 CEST", "UTC"));
}

RC_GTEST_PROP(TimeTextTest, ShownTimesMeanTheSameInEveryZone, ()) {
  const std::string zone = *rc::gen::element<std::string>("UTC", "Europe/Oslo", "America/New_York",
                                                          "CET", "Australia/Lord_Howe");
  const seconds around(*rc::gen::inRange<std::int64_t>(-10'000, 10'000));
  // Near the ends of summer time, and at any other time.
  const auto time = *rc::gen::element(parse_time("2026-10-25T01:00:00Z", "UTC") + around,
                                      parse_time("2026-11-01T06:00:00Z", "UTC") + around,
                                      parse_time("2026-04-04T15:00:00Z", "UTC") + around,
                                      sys_seconds(around * 100'000 + seconds(1'000'000'000)));
  const auto minute = std::chrono::floor<std::chrono::minutes>(time);
  for (const std::string& text :
       {format_local(time, zone) + " " + zone, format_local(time, zone) + " (" + zone + ")"}) {
    const TimeSpan span = parse_time_span(text, "Asia/Tokyo", {});
    RC_ASSERT(span.begin == minute);
    RC_ASSERT(span.end == minute + std::chrono::minutes(1));
  }
}

TEST(TimeTextTest, RejectsInvalidTimes) {
  for (const char* text :
       {"", "soon", "2026-13-01", "2026-11-24T25:00", "2026-11-24x", "24.11.2026", "26-11-24",
        "0026-11-24T02:30:00Z", "2026-11-24T02:30:05.Z", "2026.5-11-24"}) {
    EXPECT_ERROR(kUsage, "write it as 2026-11-24", parse_time(text, "UTC"));
  }
}

TEST(TimeTextTest, ATimestampIsInItsZone) {
  EXPECT_EQ(format_timestamp(parse_time("2026-11-23T17:45:12Z", "UTC"), "Europe/Oslo"),
            "20261123T184512");
}

TEST(TimeTextTest, FormatsTimesForPeopleInTheirZone) {
  EXPECT_EQ(format_local(parse_time("2026-11-23T17:45:12Z", "UTC"), "Europe/Oslo"),
            "2026-11-23 18:45");
}

TEST(TimeTextTest, FormattedTimesParseBackInAnyZone) {
  const sys_seconds time = parse_time("2026-11-23T17:45:12Z", "UTC");
  EXPECT_EQ(format_zoned(time, "UTC"), "2026-11-23T17:45:12Z");
  EXPECT_EQ(format_zoned(time, "Europe/Oslo"), "2026-11-23T18:45:12+01:00");
  EXPECT_EQ(format_zoned(time, "America/St_Johns"), "2026-11-23T14:15:12-03:30");
  for (const char* zone : {"UTC", "Europe/Oslo", "America/St_Johns", "Europe/London"}) {
    EXPECT_EQ(parse_time(format_zoned(time, zone), "Asia/Tokyo"), time) << zone;
  }
}

TEST(TimeTextTest, ADateNamesAWholeDayAndATimeItsMinuteOrSecond) {
  const auto span = [](std::string_view text, std::string_view now = "2026-11-24T12:30:00Z") {
    const TimeSpan named = parse_time_span(text, "Europe/Oslo", parse_time(now, "UTC"));
    return format_rfc3339(named.begin) + " " + format_rfc3339(named.end);
  };
  EXPECT_EQ(span("2026-11-24"), "2026-11-23T23:00:00Z 2026-11-24T23:00:00Z");
  EXPECT_EQ(span("20261124"), span("2026-11-24"));
  EXPECT_EQ(span("2026-10-25"), "2026-10-24T22:00:00Z 2026-10-25T23:00:00Z") << "25 hours";
  EXPECT_EQ(span("2026-03-29"), "2026-03-28T23:00:00Z 2026-03-29T22:00:00Z") << "23 hours";
  EXPECT_EQ(span("2026-11-24T02:30"), "2026-11-24T01:30:00Z 2026-11-24T01:31:00Z");
  EXPECT_EQ(span("2026-11-24 02:30:05"), "2026-11-24T01:30:05Z 2026-11-24T01:30:06Z");
  EXPECT_EQ(span("now"), "2026-11-24T12:30:00Z 2026-11-24T12:30:01Z");
  EXPECT_EQ(span("1 hour ago"), "2026-11-24T11:30:00Z 2026-11-24T11:30:01Z");
  EXPECT_EQ(span("today"), span("2026-11-24"));
  EXPECT_EQ(span("today", "2026-11-24T23:30:00Z"), span("2026-11-25")) << "by the zone";
  EXPECT_EQ(span("yesterday"), span("2026-11-23"));
  EXPECT_EQ(span("tuesday"), span("2026-11-24")) << "it is Tuesday";
  EXPECT_EQ(span("Monday"), span("2026-11-23"));
  EXPECT_EQ(span("wednesday"), span("2026-11-18"));
  EXPECT_EQ(span("sunday"), span("2026-11-22"));
}

TEST(TimeTextTest, DurationsHaveExactlyOneUnit) {
  EXPECT_EQ(parse_duration("90s"), seconds(90));
  EXPECT_EQ(parse_duration("7d"), std::chrono::days(7));
  EXPECT_EQ(parse_duration("2w"), std::chrono::days(14));
  for (const char* text : {"", "7", "d", "-1d", "7 d", "7dd", "1.5h"}) {
    EXPECT_ERROR(kUsage, "such as 7d", parse_duration(text));
  }
  EXPECT_ERROR(kUsage, "too long: 1,000 years at most", parse_duration("99999999999w"));
}

RC_GTEST_PROP(TimeTextTest, DurationsRoundTrip, ()) {
  const seconds duration(*rc::gen::inRange<std::int64_t>(0, 1'000'000'000));
  RC_ASSERT(parse_duration(format_duration(duration)) == duration);
}

RC_GTEST_PROP(TimeTextTest, TimesRoundTrip, ()) {
  const sys_seconds time{seconds(*rc::gen::inRange<std::int64_t>(0, 5'000'000'000))};
  RC_ASSERT(parse_time(format_rfc3339(time), "America/New_York") == time);
}

TEST(TimeTextTest, RejectsAnUnknownZone) {
  EXPECT_ERROR(kConfig, "Mars/Olympus", check_time_zone("Mars/Olympus"));
}

TEST(TimeTextTest, ParsesTimesRelativeToNow) {
  const auto at = [](std::string_view text, std::string_view now) {
    return format_rfc3339(parse_time(text, "Europe/Oslo", parse_time(now, "UTC")));
  };
  constexpr std::string_view kNow = "2026-11-24T12:30:00Z";
  EXPECT_EQ(at("now", kNow), kNow);
  EXPECT_EQ(at("yesterday", kNow), "2026-11-22T23:00:00Z");
  EXPECT_EQ(at("1 second ago", kNow), "2026-11-24T12:29:59Z");
  EXPECT_EQ(at("90 minutes ago", kNow), "2026-11-24T11:00:00Z");
  EXPECT_EQ(at("3 days ago", kNow), "2026-11-21T12:30:00Z");
  EXPECT_EQ(at("2 weeks ago", kNow), "2026-11-10T12:30:00Z");
  EXPECT_EQ(at("1 month ago", kNow), "2026-10-24T12:30:00Z");
  EXPECT_EQ(at("1 month ago", "2026-03-31T01:00:00Z"), "2026-02-28T01:00:00Z");
  EXPECT_EQ(at("2 years ago", kNow), "2024-11-24T12:30:00Z");
  EXPECT_EQ(at("2026-11-20T10:00", kNow), "2026-11-20T09:00:00Z") << "absolute times as before";
  for (const char* text :
       {"3days ago", "-1 days ago", "3 fortnights ago", "days ago", "3  days ago",
        "99999999999 days ago", "3 days", "tomorrow", "mon", "someday"}) {
    EXPECT_ERROR(kUsage, "write it as 2026-11-24",
                 parse_time(text, "UTC", parse_time(kNow, "UTC")));
  }
}

}  // namespace
}  // namespace base
