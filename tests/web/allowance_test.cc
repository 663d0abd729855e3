// A shared amount returns with its last pointer, and one holder leaves some of it to the others.
#include "web/allowance.h"

#include <thread>

#include <gtest/gtest.h>

namespace web {
namespace {

TEST(AllowanceTest, APartIsGivenBackWithItsLastPointer) {
  Allowance allowance(10);
  auto part = allowance.take(7);
  const auto copy = part;
  EXPECT_FALSE(allowance.take(4));
  part.reset();
  EXPECT_FALSE(allowance.take(4)) << "a copy is left";
  EXPECT_TRUE(allowance.take(3));
  EXPECT_TRUE(allowance.take(0));
}

TEST(AllowanceTest, OneHolderLeavesSomeToTheOthers) {
  Allowance allowance(10, 6);
  auto first = allowance.take(4, "alice");
  const auto second = allowance.take(2, "alice");
  EXPECT_FALSE(allowance.take(1, "alice"));
  EXPECT_FALSE(allowance.take(7, "bob"));
  const auto other = allowance.take(4, "bob");
  EXPECT_TRUE(other);
  EXPECT_FALSE(allowance.take(1, "carol")) << "all of it is taken";
  first.reset();
  EXPECT_TRUE(allowance.take(4, "alice"));
}

TEST(AllowanceTest, WhatIsGivenBackGoesToTheOneThatWaits) {
  Allowance allowance(1);
  auto part = allowance.take(1, "alice");
  std::thread waiting([&] { EXPECT_TRUE(allowance.take(1, "bob", std::chrono::minutes(10))); });
  part.reset();
  waiting.join();
}

}  // namespace
}  // namespace web
