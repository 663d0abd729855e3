#include "base/finally.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(FinallyTest, RunsItsActionOnceWhenTheScopeEnds) {
  int runs = 0;
  {
    const Finally count([&] { ++runs; });
    EXPECT_EQ(runs, 0);
  }
  EXPECT_EQ(runs, 1);
}

TEST(FinallyTest, RunsItsActionWhenAnErrorEndsTheScope) {
  int runs = 0;
  const auto failing = [&] {
    const Finally count([&] { ++runs; });
    throw std::runtime_error("error");
  };
  EXPECT_THROW(failing(), std::runtime_error);
  EXPECT_EQ(runs, 1);
}

}  // namespace
}  // namespace base
