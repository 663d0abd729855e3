#include "base/program/strict_json.h"

#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace base {
namespace {

using nlohmann::json;

std::string why_not(std::string_view text, std::size_t depth = 3) {
  json document;
  return parse_strictly(text, depth, document);
}

TEST(StrictJsonTest, AcceptsDocumentsUpToTheDepth) {
  json document;
  EXPECT_EQ(parse_strictly(R"({"a": [{"b": "\u0000"}], "c": {"a": 1}})", 3, document), "");
  EXPECT_EQ(document.at("a").at(0).at("b"), std::string(1, '\0'));
  EXPECT_EQ(why_not("[[[1]]]"), "");
  EXPECT_EQ(why_not("[[[[1]]]]"), "it is nested deeper than 3");
  EXPECT_EQ(why_not(std::string(100'000, '[')), "it is nested deeper than 3");
}

// Looking through the list at the end of each object would take longer than a test may.
TEST(StrictJsonTest, ReadsALongListOnce) {
  std::string text = "[{}";
  for (int count = 1; count < 300'000; ++count) text += ",{}";
  json document;
  EXPECT_EQ(parse_strictly(text + "]", 2, document), "");
  EXPECT_EQ(document.size(), 300'000U);
}

TEST(StrictJsonTest, RefusesWhatTwoReadersCouldUnderstandDifferently) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {R"({"a": 1, "a": 1})", "/a: it is given twice"},
      {R"([{"b": {"a\n": 1, "x": 2, "a\n": 3}}])", "it is given twice"},
      {R"({"a": 1} {"a": 1})", "not a JSON document"},
      {"", "not a JSON document"},
      {"{\"a\": \"\xff\"}", "it is not UTF-8"},
      {R"({"a": 1e999})", "a number is too large"},
      {R"({"a": "\ud800"})", "not a JSON document"}};
  for (const auto& [text, why] : wrong) EXPECT_THAT(why_not(text), testing::HasSubstr(why)) << text;
  EXPECT_EQ(why_not(R"([{"a": 1}, {"a": 1}])"), "") << "two objects";
}

}  // namespace
}  // namespace base
