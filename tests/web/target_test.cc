// The target of a request has one meaning, or none.
#include "web/target.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace web {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(TargetTest, PathsAndQueriesAreDecoded) {
  EXPECT_THAT(parse_target("/")->path, IsEmpty());
  EXPECT_THAT(parse_target("/a/b/")->path, ElementsAre("a", "b"));
  EXPECT_THAT(parse_target("/accounts/alice%40example.org")->path,
              ElementsAre("accounts", "alice@example.org"));
  EXPECT_THAT(parse_target("/accounts/DOMAIN%5Calice/trees")->path,
              ElementsAre("accounts", "DOMAIN\\alice", "trees"));
  EXPECT_THAT(parse_target("/a%2Fb")->path, ElementsAre("a/b")) << "one segment";
  const auto target = parse_target("/s?q=from%3Aa+b&folder=Entw%C3%BCrfe%2FGr%C3%B6%C3%9Fe&x");
  EXPECT_THAT(target->query,
              ElementsAre(Pair("q", "from:a b"), Pair("folder", "Entwürfe/Größe"), Pair("x", "")));
}

TEST(TargetTest, WhatHasTwoMeaningsIsRefused) {
  for (const char* const text : {"",
                                 "a",
                                 "*",
                                 "http://other/",
                                 "//",
                                 "/a//b",
                                 "/.",
                                 "/..",
                                 "/../etc/passwd",
                                 "/a/../b",
                                 "/%2e%2e/etc",
                                 "/%2E/x",
                                 "/a\\b",
                                 "/%00",
                                 "/a%0Ab",
                                 "/a%7f",
                                 "/%",
                                 "/%4",
                                 "/%zz",
                                 "/%ff",
                                 "/a?b=%",
                                 "/a?b=%ff",
                                 "/a?=x",
                                 "/a?b=1&b=2",
                                 "/a b\x01"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
  EXPECT_FALSE(parse_target("/" + std::string(kMaxTarget, 'a')));
}

RC_GTEST_PROP(TargetTest, AnyTextSurvivesAQuery, (std::vector<char32_t> letters)) {
  std::string text;
  for (const char32_t letter : letters) text += static_cast<char>(1 + letter % 126);
  const auto target = parse_target("/s?q=" + percent_encoded(text));
  RC_ASSERT(target);
  RC_ASSERT(target->query.at(0).second == text);
}

RC_GTEST_PROP(TargetTest, NoBytesLeadOutOfTheRoot, (const std::string& bytes)) {
  const auto target = parse_target("/" + bytes);
  if (!target) return;
  for (const std::string& segment : target->path) {
    RC_ASSERT(!segment.empty());
    RC_ASSERT(segment != ".");
    RC_ASSERT(segment != "..");
    RC_ASSERT(segment.find('\0') == std::string::npos);
  }
}

}  // namespace
}  // namespace web
