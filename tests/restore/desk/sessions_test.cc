// Who is logged in, on a clock that the test moves.
#include "restore/desk/sessions.h"

#include <gtest/gtest.h>

#include "tests/standing_clock.h"

namespace desk {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

Session session_of(const std::string& person, Door door = Door::kSelf) {
  return {.id = {},
          .door = door,
          .role = Role::kOwner,
          .person = person,
          .account = person,
          .client = "192.0.2.7"};
}

class SessionsTest : public testing::Test {
 protected:
  tests::StandingClock clock_;
  Sessions sessions_{clock_};
};

TEST_F(SessionsTest, ASessionIsOverAfterItsTimeHoweverItIsUsed) {
  const std::string token = sessions_.begin(session_of("alice"), hours(2)).value();
  for (int minute = 0; minute < 119; ++minute) {
    clock_.sleep_for(minutes(1));
    ASSERT_TRUE(sessions_.find(token, Door::kSelf)) << minute;
  }
  clock_.sleep_for(minutes(1));
  EXPECT_FALSE(sessions_.find(token, Door::kSelf));
}

TEST_F(SessionsTest, ATokenIsGoodAtItsOwnDoorOnly) {
  const std::string token = sessions_.begin(session_of("alice"), hours(2)).value();
  EXPECT_EQ(token.size(), 64U);
  EXPECT_FALSE(sessions_.find(token, Door::kStaff));
  EXPECT_FALSE(sessions_.find(token, Door::kProxy));
  EXPECT_FALSE(sessions_.find(std::string(64, '0'), Door::kSelf));
  sessions_.end(token);
  EXPECT_FALSE(sessions_.find(token, Door::kSelf));
}

TEST_F(SessionsTest, ALoginIsRecentUntilItIsConfirmedAgain) {
  const std::string token = sessions_.begin(session_of("alice"), hours(2)).value();
  const auto is_recent = [&] {
    return sessions_.is_recent(sessions_.find(token, Door::kSelf).value(), minutes(15));
  };
  clock_.sleep_for(minutes(15));
  EXPECT_TRUE(is_recent());
  clock_.sleep_for(seconds(1));
  EXPECT_FALSE(is_recent());
  const std::chrono::sys_seconds since(std::chrono::hours(3));
  sessions_.confirm(token, 7, since);
  EXPECT_TRUE(is_recent());
  EXPECT_EQ(sessions_.find(token, Door::kSelf)->sequence, 7U);
  EXPECT_EQ(sessions_.find(token, Door::kSelf)->holder_since, since);
  clock_.sleep_for(minutes(105));
  EXPECT_FALSE(sessions_.find(token, Door::kSelf)) << "it lasts no longer than before";
}

TEST_F(SessionsTest, AnotherLoginOfAPersonWithManyEndsTheOldest) {
  const std::string first = sessions_.begin(session_of("alice"), hours(2)).value();
  const std::string bob = sessions_.begin(session_of("bob"), hours(2)).value();
  for (std::size_t more = 0; more < Sessions::kMaxOfPerson; ++more) {
    clock_.sleep_for(seconds(1));
    EXPECT_TRUE(sessions_.begin(session_of("alice"), hours(2)));
  }
  EXPECT_FALSE(sessions_.find(first, Door::kSelf));
  EXPECT_TRUE(sessions_.find(bob, Door::kSelf));
}

}  // namespace
}  // namespace desk
