#include "base/utf8.h"

#include <rapidcheck/gtest.h>

namespace base {
namespace {

TEST(Utf8Test, AcceptsOnlyWhatRfc3629Allows) {
  EXPECT_TRUE(is_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_utf8("\xc0\x80")) << "overlong";
  EXPECT_FALSE(is_utf8("\xe0\x80\x80")) << "overlong";
  EXPECT_FALSE(is_utf8("\xed\xa0\x80")) << "a surrogate";
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80")) << "above U+10FFFF";
  EXPECT_FALSE(is_utf8("\xe2\x82")) << "cut off";
  EXPECT_FALSE(is_utf8("\x80")) << "a continuation byte without its lead byte";
}

RC_GTEST_PROP(Utf8Test, EveryCodePointRoundTrips, ()) {
  const auto value = static_cast<char32_t>(*rc::gen::inRange(0, 0x110000));
  RC_PRE(value < 0xD800 || value > 0xDFFF);
  std::string text;
  append_utf8(text, value);
  const auto back = first_code_point(text + "tail");
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->value == value);
  RC_ASSERT(back->length == text.size());
}

}  // namespace
}  // namespace base
