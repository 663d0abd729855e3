#include "backupd/report/common_cause.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace backupd {
namespace {

TEST(CommonCausesTest, AlarmsOfCausesThatAreLeftOutAreCounted) {
  constexpr std::size_t kCauses = 100;
  std::vector<FailedAccount> failed;
  for (std::size_t number = 0; number < 4 * kCauses; ++number) {
    failed.push_back({.account = "user" + std::to_string(number),
                      .error = "cause " + std::to_string(number % kCauses),
                      .alarms = {"it was never backed up successfully"}});
  }
  const std::vector<std::string> lines = CommonCauses(failed).lines();
  EXPECT_LE(lines.size(), CommonCauses::kMaxLines);
  EXPECT_THAT(lines.back(), testing::ContainsRegex("more accounts, ALARM for [0-9]+ of them: see"));
  for (FailedAccount& account : failed) account.alarms.clear();
  EXPECT_THAT(CommonCauses(failed).lines().back(), testing::Not(testing::HasSubstr("ALARM")));
}

}  // namespace
}  // namespace backupd
