#include "base/bytes.h"

#include <rapidcheck/gtest.h>

namespace base {
namespace {

TEST(BytesTest, HexIsLowerCaseAndTwoDigitsPerByte) {
  EXPECT_EQ(to_hex(as_bytes(std::string_view("\x00\x7f\xff", 3))), "007fff");
}

TEST(BytesTest, InvalidHexIsRejected) {
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
  EXPECT_TRUE(from_hex("AbC0"));
}

RC_GTEST_PROP(BytesTest, HexRoundTrips, (const std::string& text)) {
  const auto back = from_hex(to_hex(as_bytes(text)));
  RC_ASSERT(back.has_value());
  RC_ASSERT(to_text(*back) == text);
}

}  // namespace
}  // namespace base
