#include "imap/internal_date.h"

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace imap {
namespace {

std::chrono::sys_seconds at(std::int64_t since_epoch) {
  return std::chrono::sys_seconds(std::chrono::seconds(since_epoch));
}

TEST(InternalDateTest, ReadsTheExampleOfTheRfc) {
  EXPECT_EQ(parse_internal_date("17-Jul-1996 02:44:25 -0700"),
            (base::ZonedTime{at(837596665), -420}));
}

TEST(InternalDateTest, ReadsSingleDigitDays) {
  const auto expected = parse_internal_date("01-Feb-2026 09:00:00 +0000");
  ASSERT_TRUE(expected);
  EXPECT_EQ(parse_internal_date(" 1-Feb-2026 09:00:00 +0000"), expected);
  EXPECT_EQ(parse_internal_date("1-Feb-2026 09:00:00 +0000"), expected);
  EXPECT_EQ(parse_internal_date("1-FEB-2026 9:00:00 +0000"), expected);
}

TEST(InternalDateTest, ReadsALeapSecondAsTheOneBefore) {
  EXPECT_EQ(parse_internal_date("31-Dec-2016 23:59:60 +0000"),
            parse_internal_date("31-Dec-2016 23:59:59 +0000"));
}

TEST(InternalDateTest, ReadsOtherSpellingsOfADate) {
  const auto expected = parse_internal_date("01-Feb-2026 09:00:00 +0000");
  for (const char* text :
       {"01-Feb-2026 09:00:00", "01-Feb-2026 09:00:00 GMT", "01-Feb-2026 09:00:00 utc",
        "01-Feb-2026 09:00:00 UT", "01-Feb-2026 09:00:00 Z", "01-Feb-2026 09:00:00 -0000",
        "01-Feb-2026 09:00:00 +0000 (UTC)", "01-Feb-26 09:00:00 +0000",
        "Sun, 01 Feb 2026 09:00:00 +0000", "1 Feb 2026 09:00:00 GMT"}) {
    EXPECT_EQ(parse_internal_date(text), expected) << text;
  }
  EXPECT_EQ(parse_internal_date("01-Feb-2026 11:00:00 +0200 (CEST)"),
            (base::ZonedTime{expected->instant, 120}));
  EXPECT_EQ(parse_internal_date("17-Jul-96 02:44:25 -0700"),
            parse_internal_date("17-Jul-1996 02:44:25 -0700"));
}

TEST(InternalDateTest, RejectsImpossibleDates) {
  for (const char* text : {"00-Jan-0000 00:00:00 +0000",
                           "31-Feb-2020 00:00:00 +0000",
                           "29-Feb-2023 00:00:00 +0000",
                           "01-Foo-2020 00:00:00 +0000",
                           "01-Jan-2020 24:00:00 +0000",
                           "01-Jan-2020 00:60:00 +0000",
                           "01-Jan-2020 00:00:00 +2400",
                           "01-Jan-2020 00:00:00 +0060",
                           "",
                           " ",
                           "01-Jan-2020 00:00:00 +0000 x",
                           "1-Jan-20200 00:00:00 +0000",
                           "01-Jan-202 00:00:00 +0000",
                           "01-Jan 2020 00:00:00 +0000",
                           "01-Jan-2020 00:00:00 EST",
                           "01-Jan-2020 00:00:00 ",
                           "01-Jan-2020 00:00:00 GMT+1",
                           "01-Jan-2020 00:00:00 +0000 (CET",
                           "01-Jan-2020",
                           "01-Jan-2020 00:00:00 +0000 (a) b",
                           "01-Mai-2020 00:00:00 +0000"}) {
    EXPECT_FALSE(parse_internal_date(text)) << text;
  }
}

TEST(InternalDateTest, WritesTwoDigitsForTheDay) {
  EXPECT_EQ(format_internal_date({at(0), 0}), "01-Jan-1970 00:00:00 +0000");
  EXPECT_EQ(format_internal_date({at(0), -90}), "31-Dec-1969 22:30:00 -0130");
  EXPECT_EQ(format_internal_date({at(951782400), 330}), "29-Feb-2000 05:30:00 +0530");
}

TEST(InternalDateTest, ClampsYearsToFourDigits) {
  EXPECT_EQ(format_internal_date({at(1'000'000'000'000), 0}), "31-Dec-9999 23:59:59 +0000");
  EXPECT_EQ(format_internal_date({at(-1'000'000'000'000), 0}), "01-Jan-0000 00:00:00 +0000");
}

RC_GTEST_PROP(InternalDateProperty, FormattedDatesParseBack, ()) {
  const base::ZonedTime time{at(*rc::gen::inRange<std::int64_t>(-62'000'000'000, 253'000'000'000)),
                             static_cast<std::int16_t>(*rc::gen::inRange(-1439, 1440))};
  RC_ASSERT(parse_internal_date(format_internal_date(time)) == time);
}

}  // namespace
}  // namespace imap
