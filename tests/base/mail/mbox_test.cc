#include "base/mail/mbox.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace base {
namespace {

constexpr std::chrono::sys_seconds kReceived =
    std::chrono::sys_days(std::chrono::year(2026) / 11 / 3) + std::chrono::hours(10);

std::string mbox_in_pieces(const std::string& message, std::size_t length) {
  MboxMessage mbox(kReceived, {"\\Seen", "\\Flagged", "work", "two words"});
  std::string text;
  for (std::size_t at = 0; at < message.size(); at += length) {
    text += mbox.add(std::string_view(message).substr(at, length));
  }
  return text + mbox.finish();
}

TEST(MboxTest, AMessageBecomesOneEntryWithItsDateAndFlags) {
  EXPECT_EQ(mbox_in_pieces("Subject: x\r\nstatus: O\r\n\r\nFrom us\r\n>From them\r\nFromage", 99),
            "From MAILER-DAEMON Tue Nov  3 10:00:00 2026\n"
            "Status: RO\nX-Status: F\nX-Keywords: work\n"
            "Subject: x\nX-Original-status: O\n\n>From us\n>>From them\nFromage\n\n");
}

TEST(MboxTest, ASeparatorBeforeTheHeaderIsAFieldOfIt) {
  EXPECT_THAT(mbox_in_pieces("From joe Mon Jan  1 00:00:00 2024\nSubject: x\n\n", 3),
              testing::EndsWith("2026\nX-From-Line: From joe Mon Jan  1 00:00:00 2024\n"
                                "Status: RO\nX-Status: F\nX-Keywords: work\nSubject: x\n\n\n"));
}

TEST(MboxTest, ALongRowOfQuotesIsQuotedOnceMore) {
  const std::string row(1'000, '>');
  for (const std::size_t length : {std::size_t{1}, std::size_t{7}, std::size_t{5'000}}) {
    const std::string text =
        mbox_in_pieces("A: b\n\n" + row + "From x\n" + row + "from x\n", length);
    EXPECT_THAT(text, testing::EndsWith("\n>" + row + "From x\n" + row + "from x\n\n"));
  }
}

// Separators, quotes, line ends and status fields in any order.
rc::Gen<std::string> awkward_message() {
  const auto part = rc::gen::element<std::string>("From ", "From", ">", ">>>>>>>>>>>>", "\n", "\r",
                                                  "\r\n", "Status:", "X-Keywords", ": ", "text");
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(part),
                      [](const std::vector<std::string>& parts) {
                        std::string message;
                        for (const std::string& one : parts) message += one;
                        return message;
                      });
}

RC_GTEST_PROP(MboxTest, TheTextDoesNotDependOnThePieces, ()) {
  const std::string message = *awkward_message();
  const auto length = *rc::gen::inRange<std::size_t>(1, 20);
  RC_ASSERT(mbox_in_pieces(message, length) ==
            mbox_in_pieces(message, std::max<std::size_t>(message.size(), 1)));
}

// A reader finds one message, and its body but for the line ends.
RC_GTEST_PROP(MboxTest, NoLineOfAMessageIsTakenForTheNextOne, ()) {
  const std::string text = mbox_in_pieces(*awkward_message(), 4);
  RC_ASSERT(text.starts_with("From "));
  RC_ASSERT(text.find("\nFrom ") == std::string::npos);
  RC_ASSERT(text.ends_with("\n\n"));
}

}  // namespace
}  // namespace base
