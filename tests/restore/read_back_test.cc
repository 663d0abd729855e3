#include "restore/read_back.h"

#include <rapidcheck/gtest.h>

namespace restore {
namespace {

std::string alteration(std::string_view original, std::string_view served) {
  return describe_alteration(base::as_bytes(original), base::as_bytes(served));
}

TEST(ReadBackTest, KnownHabitsOfServersAreNamed) {
  EXPECT_EQ(alteration("a\r\nb", "a\r\nb"), "");
  EXPECT_EQ(alteration("a\nb", "a\r\nb"), "line ends became CRLF");
  EXPECT_EQ(alteration("a\r\r\nb", "a\r\nb"), "line ends became CRLF");
  EXPECT_EQ(alteration(std::string_view("a\0b\n", 4),
                       "a\x80"
                       "b\r\n"),
            "NUL became 0x80; line ends became CRLF");
}

TEST(ReadBackTest, OtherDifferencesAreLocated) {
  EXPECT_EQ(alteration("abcdef", "abXdef"), "differs from byte 2 on; 6 bytes instead of 6");
  EXPECT_EQ(alteration("abc", "ab"), "differs from byte 2 on; 2 bytes instead of 3");
}

RC_GTEST_PROP(ReadBackTest, OnlyEqualMessagesHaveNoAlteration,
              (const std::string& original, const std::string& served)) {
  RC_ASSERT(alteration(original, served).empty() == (original == served));
  RC_ASSERT(alteration(original, original).empty());
}

}  // namespace
}  // namespace restore
