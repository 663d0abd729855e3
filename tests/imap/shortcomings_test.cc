#include "imap/shortcomings.h"

#include <gtest/gtest.h>

#include "imap/connection_lost.h"

namespace imap {
namespace {

using Cause = ConnectionLost::Cause;

ConnectionLost lost_over(const std::string& command, Cause cause = Cause::kAny) {
  return {"it is lost", std::nullopt, cause, command};
}

TEST(ShortcomingsTest, SilenceOverAnOptionalCommandCountsAtOnce) {
  Shortcomings shortcomings;
  const auto found = shortcomings.note(lost_over("LSUB", Cause::kSilence));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->text(), "the server does not carry out LSUB");
  EXPECT_EQ(shortcomings.without(), CommandNames{"LSUB"});
  EXPECT_FALSE(shortcomings.note(lost_over("LSUB", Cause::kSilence)));
}

TEST(ShortcomingsTest, ABrokenConnectionCountsOnceItBreaksAgain) {
  Shortcomings shortcomings;
  EXPECT_FALSE(shortcomings.note(lost_over("GETACL")));
  EXPECT_FALSE(shortcomings.note(lost_over("ENABLE")));
  EXPECT_TRUE(shortcomings.suspects("GETACL"));
  EXPECT_TRUE(shortcomings.note(lost_over("GETACL")));
  EXPECT_FALSE(shortcomings.suspects("GETACL"));
  EXPECT_EQ(shortcomings.without(), CommandNames{"GETACL"});
}

TEST(ShortcomingsTest, SilenceAfterSeveralCommandsEndsPipelining) {
  Shortcomings shortcomings;
  EXPECT_TRUE(shortcomings.pipelines());
  const auto found = shortcomings.note(lost_over("ENABLE", Cause::kPipelinedSilence));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->command, "");
  EXPECT_FALSE(shortcomings.pipelines());
  EXPECT_TRUE(shortcomings.without().empty());
  EXPECT_FALSE(shortcomings.note(lost_over("ENABLE", Cause::kPipelinedSilence)));
}

TEST(ShortcomingsTest, OtherErrorsSayNothing) {
  Shortcomings shortcomings;
  EXPECT_FALSE(shortcomings.note(lost_over("EXAMINE", Cause::kSilence)));
  EXPECT_FALSE(shortcomings.note(lost_over("", Cause::kSilence)));
  EXPECT_FALSE(shortcomings.note(base::Error(base::ErrorCode::kNetwork, "LSUB")));
  const ConnectionLost asks_to_wait("wait", std::chrono::seconds(1), Cause::kAny, "LSUB");
  EXPECT_FALSE(shortcomings.note(asks_to_wait));
  EXPECT_TRUE(shortcomings.without().empty());
}

}  // namespace
}  // namespace imap
