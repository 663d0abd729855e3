#include "base/nearest.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(NearestTest, IgnoresTheCaseOfLetters) {
  EXPECT_EQ(nearest("inbxo", {"Sent", "INBOX"}), "INBOX");
  EXPECT_EQ(nearest("Entwurf", {"Sent", "INBOX"}), std::nullopt);
}

TEST(NearestTest, IgnoresAccents) {
  EXPECT_EQ(nearest("Mull", {"Sent", "Mu\u0308ll"}), "Mu\u0308ll");
  EXPECT_EQ(nearest("ΕΡΓΑΣΙΑ", {"Sent", "εργασία"}), "εργασία");
}

TEST(NearestTest, ASuggestionEndsAMessage) {
  EXPECT_EQ(suggestion("alcie", {"bob", "alice"}), ": did you mean \"alice\"?");
  EXPECT_EQ(suggestion("carol", {"bob", "alice"}), "");
  EXPECT_EQ(suggestion("alice", {"alice\n"}), ": did you mean \"alice\\x0A\"?");
}

}  // namespace
}  // namespace base
