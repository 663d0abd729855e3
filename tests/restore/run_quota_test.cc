// `mailstow-restore run` on servers whose quota counts the tree.

#include <gmock/gmock.h>

#include "tests/restore/run_fixture.h"
#include "tests/servers/account_filler.h"

namespace restore {
namespace {

using programs::json;
using servers::AccountState;

servers::DovecotOptions with_exemption(servers::QuotaExemption exemption) {
  servers::DovecotOptions options;
  options.exemption = exemption;
  return options;
}

class QuotaTest : public RunTest {
 protected:
  explicit QuotaTest(servers::QuotaExemption exemption) : RunTest(with_exemption(exemption)) {}

  void expect_refusal() {
    servers::fill_account(server_, "alice", 20);
    back_up();
    const AccountState before = state();
    const auto result = mailstow_.restore({"-q", "run", "alice", "--all"});
    EXPECT_EQ(result.status, 6) << result.err;
    EXPECT_THAT(result.err, testing::HasSubstr("RESTORED/*:ignore"));
    EXPECT_EQ(state(), before) << "what was created for the probe is gone";
    EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 0U);
  }
};

class NoExemptionTest : public QuotaTest {
 protected:
  NoExemptionTest() : QuotaTest(servers::QuotaExemption::kNone) {}
};

class HalfExemptionTest : public QuotaTest {
 protected:
  HalfExemptionTest() : QuotaTest(servers::QuotaExemption::kTopOnly) {}
};

TEST_F(NoExemptionTest, ATreeThatWouldCountTowardsQuotaIsRefused) {
  expect_refusal();
}

TEST_F(HalfExemptionTest, TheRuleForTheTopAloneIsNotEnough) {
  expect_refusal();
}

TEST_F(NoExemptionTest, AllowQuotaGoesOnWhileThereIsRoom) {
  servers::fill_account(server_, "alice", 20);
  back_up();
  const json report = mailstow_.restore_json({"run", "alice", "--all", "--allow-quota"});
  EXPECT_EQ(report["quota"]["exempt"], false);

  const auto whole = state().folders;
  const std::string tree = report["tree"];
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--resume", tree}).status, 6);
  EXPECT_EQ(state().folders, whole) << "what an earlier run restored stays";
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"][0]["state"], "incomplete");
}

}  // namespace
}  // namespace restore
