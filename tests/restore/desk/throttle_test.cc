// The brake on guessed passwords, on a clock that the test moves.
#include "restore/desk/throttle.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/standing_clock.h"

namespace desk {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class ThrottleTest : public testing::Test {
 protected:
  std::optional<seconds> fail(const std::string& name, const std::string& network) {
    if (const auto wait = throttle_.wait_or_begin(name, network)) return wait;
    Throttle::Attempt(throttle_, name, network).fail();
    return std::nullopt;
  }
  std::optional<seconds> succeed(const std::string& name, const std::string& network) {
    if (const auto wait = throttle_.wait_or_begin(name, network)) return wait;
    Throttle::Attempt(throttle_, name, network).succeed();
    return std::nullopt;
  }

  tests::StandingClock clock_;
  Throttle throttle_{clock_};
};

TEST_F(ThrottleTest, AfterFiveFailuresANameWaitsLongerAndLonger) {
  int at = 0;  // a network of its own for each attempt
  const auto fail_somewhere = [&] { return fail("alice", "192.0.2." + std::to_string(++at)); };
  for (int free = 0; free < Throttle::kFreeFailures; ++free)
    EXPECT_EQ(fail_somewhere(), std::nullopt);
  for (const int wait : {1, 2, 4, 8, 15, 15}) {
    EXPECT_EQ(fail_somewhere(), minutes(wait));
    clock_.sleep_for(minutes(wait) - seconds(1));
    EXPECT_EQ(fail_somewhere(), seconds(1)) << "an attempt that is not made counts for nothing";
    clock_.sleep_for(seconds(1));
    EXPECT_EQ(fail_somewhere(), std::nullopt);
  }
  EXPECT_EQ(succeed("bob", "192.0.2.200"), std::nullopt) << "others are not slowed down";
}

TEST_F(ThrottleTest, ANetworkHasTwentyFailuresInAQuarterOfAnHour) {
  for (int name = 0; name < Throttle::kNetworkFailures; ++name) {
    EXPECT_EQ(fail("user" + std::to_string(name), "192.0.2.1"), std::nullopt) << name;
  }
  EXPECT_EQ(fail("another", "192.0.2.1"), minutes(15));
  EXPECT_EQ(fail("another", "192.0.2.2"), std::nullopt);
  clock_.sleep_for(minutes(15));
  EXPECT_EQ(fail("another", "192.0.2.1"), std::nullopt);
}

TEST_F(ThrottleTest, AStrangerDoesNotLockOutAnOwnerWhoLoggedInBefore) {
  EXPECT_EQ(succeed("alice", "198.51.100.1"), std::nullopt);
  for (int at = 1; at <= 40; ++at) fail("alice", "192.0.2." + std::to_string(at));
  EXPECT_NE(fail("alice", "192.0.2.99"), std::nullopt) << "a network that she never used";
  EXPECT_EQ(succeed("alice", "198.51.100.1"), std::nullopt);
  for (int at = 0; at < Throttle::kFreeFailures; ++at) fail("alice", "198.51.100.1");
  EXPECT_NE(fail("alice", "198.51.100.1"), std::nullopt) << "her own network has a bound too";
}

TEST_F(ThrottleTest, OneAttemptOfANameAtATimeAndFewInAll) {
  ASSERT_EQ(throttle_.wait_or_begin("alice", "n"), std::nullopt);
  {
    const Throttle::Attempt alice(throttle_, "alice", "n");
    EXPECT_EQ(throttle_.wait_or_begin("alice", "n"), seconds(1));
    std::vector<std::unique_ptr<Throttle::Attempt>> others;
    for (std::size_t at = 1; at < Throttle::kMaxAttempts; ++at) {
      const std::string name = std::to_string(at);
      ASSERT_EQ(throttle_.wait_or_begin(name, name), std::nullopt);
      others.push_back(std::make_unique<Throttle::Attempt>(throttle_, name, name));
    }
    EXPECT_EQ(throttle_.wait_or_begin("one more", "m"), seconds(1));
  }
  EXPECT_EQ(throttle_.wait_or_begin("alice", "n"), std::nullopt);
}

TEST_F(ThrottleTest, ANetworkLeavesPlacesForAttemptsFromOthers) {
  std::vector<std::unique_ptr<Throttle::Attempt>> attempts;
  for (std::size_t at = 0; at < Throttle::kMaxAttemptsOfNetwork; ++at) {
    const std::string name = std::to_string(at);
    ASSERT_EQ(throttle_.wait_or_begin(name, "192.0.2.1"), std::nullopt);
    attempts.push_back(std::make_unique<Throttle::Attempt>(throttle_, name, "192.0.2.1"));
  }
  EXPECT_EQ(throttle_.wait_or_begin("one more", "192.0.2.1"), seconds(1));
  EXPECT_EQ(succeed("one more", "192.0.2.2"), std::nullopt);
  attempts.pop_back();
  EXPECT_EQ(succeed("one more", "192.0.2.1"), std::nullopt);
}

}  // namespace
}  // namespace desk
