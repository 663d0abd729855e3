#include "backupd/report/common_cause.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backupd/report/kept_report.h"
#include "tests/backupd/report/refusals.h"

namespace backupd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string account_name(std::size_t number) {
  return "account-" + std::to_string(number);
}

std::vector<FailedAccount> failed_by(const Refusal& refusal, std::size_t count) {
  std::vector<FailedAccount> failed;
  for (std::size_t number = 0; number < count; ++number) {
    const std::string user = word_of(number);
    failed.push_back({.account = account_name(number),
                      .error = refusal(user, number),
                      .alarms = {},
                      .user = user});
  }
  return failed;
}

TEST(CommonCausesTest, AlarmsOfCausesThatAreLeftOutAreCounted) {
  constexpr std::size_t kCauses = 100;
  std::vector<FailedAccount> failed;
  for (std::size_t number = 0; number < 4 * kCauses; ++number) {
    failed.push_back({.account = "user" + std::to_string(number),
                      .error = "cause " + word_of(number % kCauses),
                      .alarms = {"it was never backed up successfully"}});
  }
  const std::vector<std::string> lines = CommonCauses(failed, kSeeBackupReport).lines();
  EXPECT_LE(lines.size(), CommonCauses::kMaxLines);
  EXPECT_THAT(lines.back(),
              testing::ContainsRegex("user3, .* and 385 more, ALARM for 388 of them: see"));
  for (FailedAccount& account : failed) account.alarms.clear();
  EXPECT_THAT(CommonCauses(failed, kSeeBackupReport).lines().back(),
              testing::Not(testing::HasSubstr("ALARM")));
}

TEST(CommonCausesTest, TextsThatNameAccountsAndSessionsAreOneCause) {
  for (const Refusal& refusal : refusals_of_all()) {
    const CommonCauses causes(failed_by(refusal, kManyAccounts), kSeeBackupReport);
    EXPECT_THAT(causes.lines(),
                ElementsAre("2,000 accounts are not backed up, for example account-0: " +
                                refusal(word_of(0), 0),
                            "  account-0, account-1, account-2 and 1,997 more (see "
                            "reports/backup.json beside the index)"));
    EXPECT_TRUE(causes.cover("account-1999"));
  }
}

TEST(CommonCausesTest, TheTextThatAllAccountsHaveIsNoExample) {
  const std::vector<FailedAccount> failed = {{"alice", "refused", {}},
                                             {"bob", "refused", {}},
                                             {"carol", "refused", {}},
                                             {"dave", "refused", {}}};
  EXPECT_EQ(CommonCauses(failed, kSeeBackupReport).lines().front(),
            "4 accounts are not backed up: refused");
}

TEST(CommonCausesTest, AFewAccountsWithAnotherCauseStayApart) {
  std::vector<FailedAccount> failed = failed_by(unavailable, kManyAccounts);
  for (std::size_t number = 0; number < 3; ++number) {
    failed.at(number * 700).error = wrong_own_password(failed.at(number * 700).user, 0);
  }
  const CommonCauses causes(failed, kSeeBackupReport);
  EXPECT_THAT(causes.lines(),
              ElementsAre(HasSubstr("1,997 accounts are not backed up, for example account-1: "),
                          HasSubstr("  account-1, account-2, account-3 and 1,994 more (see ")));
  EXPECT_FALSE(causes.cover("account-0"));
  EXPECT_FALSE(causes.cover("account-700"));
  EXPECT_FALSE(causes.cover("account-1400"));
  EXPECT_TRUE(causes.cover("account-701"));
}

TEST(CommonCausesTest, TheCauseOfMostAccountsComesFirst) {
  std::vector<FailedAccount> failed;
  for (std::size_t number = 0; number < kManyAccounts; ++number) {
    const std::string user = word_of(number);
    const Refusal& refusal = number % 4 == 0   ? Refusal(wrong_own_password)
                             : number % 4 == 1 ? Refusal(wrong_admin_password)
                                               : Refusal(closed);
    failed.push_back({account_name(number), refusal(user, number), {}, user});
  }
  const CommonCauses causes(failed, kSeeBackupReport);
  EXPECT_THAT(causes.lines(),
              ElementsAre(HasSubstr("1,000 accounts are not backed up, for example account-2: "),
                          HasSubstr(" and 997 more"),
                          HasSubstr("500 accounts are not backed up, for example account-0: "),
                          HasSubstr(" and 497 more"),
                          HasSubstr("500 accounts are not backed up, for example account-1: "),
                          HasSubstr(" and 497 more")));
}

TEST(CommonCausesTest, AccountsWithDifferentCausesAreCounted) {
  const CommonCauses causes(failed_by(another_cause, kManyAccounts), kSeeBackupReport);
  ASSERT_EQ(causes.lines().size(), CommonCauses::kMaxLines);
  EXPECT_EQ(causes.lines().front(),
            "account-0: not backed up: imaps://mail.example.org: it broke over zk");
  EXPECT_EQ(causes.lines().back(),
            "not backed up for other reasons: account-10, account-11, account-12 and 1,987 more: "
            "see reports/backup.json beside the index");
  EXPECT_TRUE(causes.cover("account-0"));
  EXPECT_TRUE(causes.cover("account-1999"));
}

// The causes of all but one account fill all lines but one.
TEST(CommonCausesTest, AnAccountOfItsOwnIsNamedBesideCommonCauses) {
  std::vector<FailedAccount> failed;
  for (const char* cause : {"one", "another", "a third", "a fourth", "a fifth"}) {
    for (std::size_t number = 0; number < 5; ++number) {
      failed.push_back({account_name(failed.size()), std::string("it is ") + cause, {}});
    }
  }
  failed.push_back({"bob", "login of bob: the server refused", {}});
  const std::vector<std::string> lines = CommonCauses(failed, kSeeBackupReport).lines();
  ASSERT_EQ(lines.size(), CommonCauses::kMaxLines);
  EXPECT_EQ(lines.back(), "bob: not backed up: login of bob: the server refused");
  failed.push_back({"carol", "login of carol: the account is locked", {}});
  EXPECT_EQ(
      CommonCauses(failed, kSeeBackupReport).lines().back(),
      "not backed up for other reasons: bob, carol: see reports/backup.json beside the index");
}

TEST(CommonCausesTest, AFewFailuresAreLeftToTheCaller) {
  const CommonCauses five(failed_by(another_cause, 5), kSeeBackupReport);
  EXPECT_THAT(five.lines(), testing::IsEmpty());
  EXPECT_FALSE(five.cover("account-0"));
  const CommonCauses six(failed_by(another_cause, 6), kSeeBackupReport);
  EXPECT_EQ(six.lines().size(), 6U) << "twelve lines one by one";
  EXPECT_TRUE(six.cover("account-0"));
}

}  // namespace
}  // namespace backupd
