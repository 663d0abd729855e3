#include "backupd/doctor/examination.h"

#include <algorithm>
#include <csignal>
#include <thread>

#include <gmock/gmock.h>

#include "base/error.h"
#include "tests/backupd/report/refusals.h"

namespace backupd {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr std::chrono::seconds kLongEnough{60};

DoctorCheck saying(const std::string& word_said) {
  return {word_said, "", [word_said] {
            return std::vector<Finding>{passed(word_said, "", "said"),
                                        warning(word_said, "it", "\x01", "mend it")};
          }};
}

TEST(ExaminationTest, GivesFindingsInTheOrderOfTheChecks) {
  std::vector<DoctorCheck> checks;
  std::vector<Finding> expected;
  for (int number = 0; number < 20; ++number) {
    checks.push_back(saying(std::to_string(number)));
    for (const Finding& finding : checks.back().run()) expected.push_back(finding);
  }
  EXPECT_EQ(examine(checks, kLongEnough), expected);
  EXPECT_THAT(examine({}, kLongEnough), SizeIs(0));
}

TEST(ExaminationTest, RunsTheOtherChecksIfOneFailsOrDies) {
  const auto findings = examine(
      {{"fails", "a",
        []() -> std::vector<Finding> { base::fail(base::ErrorCode::kKey, "no key: find it"); }},
       {"throws", "b", []() -> std::vector<Finding> { throw std::out_of_range("\x1b[31m"); }},
       {"dies", "c",
        []() -> std::vector<Finding> {
          static_cast<void>(::raise(SIGKILL));
          return {};
        }},
       saying("lives")},
      kLongEnough);
  ASSERT_THAT(findings, SizeIs(5));
  EXPECT_EQ(findings[0], failure("fails", "a", "no key: find it", "", base::ExitStatus::kUsage));
  EXPECT_THAT(findings[1].remedy, HasSubstr("a defect in mailstow"));
  EXPECT_THAT(findings[1].what, Not(HasSubstr("\x1b")));
  EXPECT_EQ(findings[2].what, "the check was ended by signal 9");
  EXPECT_EQ(findings[2].subject, "c");
  EXPECT_EQ(findings[3].state, FindingState::kOk);
}

TEST(ExaminationTest, ACheckThatHangsIsAbandoned) {
  const auto findings = examine({{"hangs", "",
                                  []() -> std::vector<Finding> {
                                    std::this_thread::sleep_for(std::chrono::hours(1));
                                    return {};
                                  }},
                                 saying("lives")},
                                std::chrono::seconds(3));
  // Two of the other check, or one if it, too, got no processor for three seconds.
  ASSERT_THAT(findings, SizeIs(testing::AnyOf(2U, 3U)));
  EXPECT_EQ(findings[0].state, FindingState::kFailure);
  EXPECT_EQ(findings[0].what, "no answer within 3 s");
  EXPECT_EQ(findings[1].check, "lives");
}

TEST(FindingTest, TheGravestFailureIsTheExitStatus) {
  const Finding fine = passed("a", "", "b");
  const Finding doubtful = warning("a", "", "b", "c");
  const Finding bad = failure("a", "", "b", "c");
  const Finding wrong = failure("a", "", "b", "c", base::ExitStatus::kUsage);
  EXPECT_EQ(exit_status_of({}), base::ExitStatus::kDone);
  EXPECT_EQ(exit_status_of({fine, doubtful}), base::ExitStatus::kDone);
  EXPECT_EQ(exit_status_of({fine, bad, doubtful}), base::ExitStatus::kPartial);
  EXPECT_EQ(exit_status_of({bad, wrong}), base::ExitStatus::kUsage);
}

TEST(FindingTest, HasAMarkAndARemedy) {
  const std::vector<Finding> findings = {passed("clock", "", "right"),
                                         failure("key", "/k", "lost", "find it")};
  EXPECT_EQ(to_text(findings, Coloring::kNone),
            "ok       clock: right\n"
            "FAILURE  key /k: lost\n"
            "         -> find it\n"
            "\n1 failure, 0 warnings, 1 ok.\n");
  EXPECT_THAT(to_text(findings, Coloring::kTerminal), HasSubstr("\x1b[31mFAILURE\x1b[0m  key"));
}

std::vector<Finding> failed_logins(const Refusal& refusal, std::size_t count) {
  std::vector<Finding> findings = {passed("clock", "", "right")};
  for (std::size_t number = 0; number < count; ++number) {
    const std::string user = word_of(number);
    findings.push_back(failure("login", user, refusal(user, number), "correct it"));
  }
  return findings;
}

TEST(FindingTest, ALoginThatFailsForAllAccountsIsShownOnce) {
  for (const Refusal& refusal : refusals_of_all()) {
    std::vector<Finding> findings = failed_logins(refusal, 5);
    findings.push_back(failure("login", "alice", "no such user", "correct it"));
    findings.push_back(failure("key", "/k", "lost", "find it"));
    findings.push_back(failure("key", "/l", "lost", "find it"));
    EXPECT_EQ(
        to_text(findings, Coloring::kNone),
        "ok       clock: right\n"
        "FAILURE  login k, l, m and 2 more (see `mailstow-backupd doctor --json`): for example " +
            refusal("k", 0) +
            "\n"
            "         -> correct it\n"
            "FAILURE  login alice: no such user\n"
            "         -> correct it\n"
            "FAILURE  key /k: lost\n"
            "         -> find it\n"
            "FAILURE  key /l: lost\n"
            "         -> find it\n"
            "\n8 failures, 0 warnings, 1 ok.\n");
  }
}

TEST(FindingTest, AccountsThatAreLeftOutAreInTheDocument) {
  std::vector<Finding> findings;
  for (std::size_t number = 0; number < 40; ++number) {
    findings.push_back(warning("identity", word_of(number), "another mailbox", "find out why"));
  }
  EXPECT_THAT(to_text(findings, Coloring::kNone),
              HasSubstr("warning  identity k, l, m and 37 more (see `mailstow-backupd doctor "
                        "--json`): another mailbox\n"));
  findings.resize(3);
  EXPECT_THAT(to_text(findings, Coloring::kNone),
              HasSubstr("warning  identity k, l, m: another mailbox\n"));
}

TEST(FindingTest, LoginsThatFailForManyCausesAreCounted) {
  const std::string text = to_text(failed_logins(another_cause, kManyAccounts), Coloring::kNone);
  EXPECT_LE(std::ranges::count(text, '\n'), 20) << text;
  EXPECT_THAT(text, HasSubstr("FAILURE  login s, t, lk and 1,989 more: further problems: "
                              "`mailstow-backupd doctor --json` lists them\n"));
  EXPECT_THAT(text, HasSubstr("\n2,000 failures, 0 warnings, 1 ok.\n"));
}

}  // namespace
}  // namespace backupd
