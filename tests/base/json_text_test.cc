// JSON from anywhere: parsed only as deep as it can be written again.
#include "base/json_text.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace base {
namespace {

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(JsonTextTest, WhatIsNoJsonIsDiscarded) {
  for (const char* const text : {"", "{", "nonsense", "{} {}", R"(["\"])", "]["}) {
    EXPECT_TRUE(parse_json(text).is_discarded()) << text;
  }
  EXPECT_EQ(json_line(parse_json(R"({"b":[1,"x"],"a":{}})")), R"({"b":[1,"x"],"a":{}})");
}

TEST(JsonTextTest, ADocumentThatIsNestedTooDeepIsDiscarded) {
  EXPECT_EQ(json_line(parse_json(nested(kMaxJsonDepth))), nested(kMaxJsonDepth));
  EXPECT_TRUE(parse_json(nested(kMaxJsonDepth + 1)).is_discarded());
  std::string objects;
  for (std::size_t depth = 0; depth <= kMaxJsonDepth; ++depth) objects += R"({"a":)";
  EXPECT_TRUE(parse_json(objects + "1" + std::string(kMaxJsonDepth + 1, '}')).is_discarded());
  EXPECT_TRUE(parse_json(nested(1'000'000)).is_discarded());
}

TEST(JsonTextTest, BracketsInTextsAreNotNested) {
  const std::string text = R"(["\"[[{{\\",")" + std::string(1'000, '[') + R"("])";
  EXPECT_EQ(parse_json(text).size(), 2U);
}

TEST(JsonTextTest, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(json_line("a\xff"), "\"a\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace base
