#include "backupd/daemon/calendar.h"

#include <gmock/gmock.h>

#include "base/time_text.h"
#include "tests/expect_error.h"

namespace backupd {
namespace {

using std::chrono::sys_seconds;
using testing::ElementsAre;

sys_seconds utc(const char* text) {
  return base::parse_time(text, "UTC");
}

// The due times from `from` on, in UTC.
std::vector<std::string> dues(const char* expression, const char* from, std::size_t count) {
  const Calendar calendar = Calendar::parse(expression, "UTC");
  std::vector<std::string> times;
  sys_seconds time = utc(from);
  while (times.size() < count) {
    time = calendar.next_after(time).value();
    times.push_back(base::format_rfc3339(time));
  }
  return times;
}

TEST(CalendarTest, IsDueDaily) {
  EXPECT_THAT(dues("daily 02:30", "2026-11-24T02:29:59", 2),
              ElementsAre("2026-11-24T02:30:00Z", "2026-11-25T02:30:00Z"));
  EXPECT_THAT(dues("daily 02:30", "2026-11-24T02:30", 1), ElementsAre("2026-11-25T02:30:00Z"));
  EXPECT_THAT(dues("daily 14:30,02:30 Europe/Oslo", "2026-11-24", 3),
              ElementsAre("2026-11-24T01:30:00Z", "2026-11-24T13:30:00Z", "2026-11-25T01:30:00Z"));
}

TEST(CalendarTest, IsDueOnWeekdays) {
  EXPECT_THAT(dues("sunday 04:00", "2026-11-24", 2),
              ElementsAre("2026-11-29T04:00:00Z", "2026-12-06T04:00:00Z"));
  EXPECT_THAT(dues("monday,thursday 22:00", "2026-11-24", 3),
              ElementsAre("2026-11-26T22:00:00Z", "2026-11-30T22:00:00Z", "2026-12-03T22:00:00Z"));
}

TEST(CalendarTest, IsDueMonthlyOnTheLastDayWhereAMonthIsShort) {
  EXPECT_THAT(dues("monthly 31 03:00", "2027-01-30", 4),
              ElementsAre("2027-01-31T03:00:00Z", "2027-02-28T03:00:00Z", "2027-03-31T03:00:00Z",
                          "2027-04-30T03:00:00Z"));
}

TEST(CalendarTest, IsDueHourly) {
  EXPECT_THAT(dues("hourly", "2026-11-24T23:30", 2),
              ElementsAre("2026-11-25T00:00:00Z", "2026-11-25T01:00:00Z"));
  EXPECT_THAT(dues("hourly :15,:45", "2026-11-24T10:15", 2),
              ElementsAre("2026-11-24T10:45:00Z", "2026-11-24T11:15:00Z"));
  // The zone is half an hour off whole hours from UTC.
  EXPECT_THAT(dues("hourly Asia/Kolkata", "2026-11-24T10:00", 1),
              ElementsAre("2026-11-24T10:30:00Z"));
}

TEST(CalendarTest, IsNeverDue) {
  EXPECT_EQ(Calendar::parse("never", "UTC").next_after(utc("2026-11-24")), std::nullopt);
}

TEST(CalendarTest, IsDueAtTheChangeWhenClocksSkipTheTime) {
  // Oslo 2026-03-29: 02:00 becomes 03:00, at 01:00 UTC.
  EXPECT_THAT(dues("daily 02:30 Europe/Oslo", "2026-03-28", 3),
              ElementsAre("2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"));
  EXPECT_THAT(dues("daily 02:10,02:50 Europe/Oslo", "2026-03-29", 2),
              ElementsAre("2026-03-29T01:00:00Z", "2026-03-30T00:10:00Z"));
}

TEST(CalendarTest, IsDueOnceWhenClocksRepeatTheTime) {
  // Oslo 2026-10-25: 03:00 becomes 02:00, at 01:00 UTC.
  EXPECT_THAT(dues("daily 02:30 Europe/Oslo", "2026-10-24", 3),
              ElementsAre("2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"));
}

TEST(CalendarTest, HoursStayHoursWhenClocksChange) {
  EXPECT_THAT(dues("hourly Europe/Oslo", "2026-03-28T23:30", 3),
              ElementsAre("2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"));
}

TEST(CalendarTest, RejectsInvalidExpressions) {
  for (const char* text :
       {"", "daily", "daily 25:00", "daily 2:3", "daily 02:60", "someday 02:30", "monthly 02:30",
        "monthly 0 02:30", "monthly 32 02:30", "hourly :15 UTC :30", "never ever",
        "daily 02:30 UTC now", "daily 02:30,", "sunday, 02:30", "daily -2:30"}) {
    EXPECT_ERROR(kConfig, "schedule", Calendar::parse(text, "UTC"));
  }
  EXPECT_ERROR(kConfig, "time zone \"15\"", Calendar::parse("hourly 15", "UTC"));
  EXPECT_ERROR(kConfig, "Europe/Olso", Calendar::parse("daily 02:30 Europe/Olso", "UTC"));
}

TEST(WindowTest, OpensAndCloses) {
  const Window night = Window::parse("22:00-06:00", "UTC");
  EXPECT_TRUE(night.contains(utc("2026-11-24T22:00")));
  EXPECT_TRUE(night.contains(utc("2026-11-24T05:59:59")));
  EXPECT_FALSE(night.contains(utc("2026-11-24T06:00")));
  EXPECT_EQ(night.first_not_before(utc("2026-11-24T12:00")), utc("2026-11-24T22:00"));
  EXPECT_EQ(night.first_not_before(utc("2026-11-24T23:10")), utc("2026-11-24T23:10"));
  const Window day = Window::parse("08:00-17:00", "Europe/Oslo");
  EXPECT_EQ(day.first_not_before(utc("2026-11-24T16:00")), utc("2026-11-25T07:00"));
  EXPECT_EQ(Window().first_not_before(utc("2026-11-24T12:00")), utc("2026-11-24T12:00"));
}

TEST(WindowTest, RejectsInvalidExpressions) {
  for (const char* text : {"", "22:00", "22:00-", "22:00-22:00", "22-06", "22:00-24:00"}) {
    EXPECT_ERROR(kConfig, "window", Window::parse(text, "UTC"));
  }
}

}  // namespace
}  // namespace backupd
