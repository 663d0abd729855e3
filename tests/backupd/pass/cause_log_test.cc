#include "backupd/pass/cause_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace backupd {
namespace {

TEST(CauseLogTest, ASharedCauseIsLoggedOnce) {
  CauseLog log;
  testing::internal::CaptureStderr();
  log.report("alice", "refused");
  log.report("bob", "refused");
  log.report("carol", "wrong password");
  const std::string logged = testing::internal::GetCapturedStderr();
  EXPECT_THAT(logged, testing::HasSubstr("alice: refused"));
  EXPECT_THAT(logged, testing::Not(testing::HasSubstr("bob")));
  EXPECT_THAT(logged, testing::HasSubstr("carol: wrong password"));
}

}  // namespace
}  // namespace backupd
