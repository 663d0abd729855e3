// A probe shows whether a tree counts towards the quota.
#include "restore/quota_proof.h"

#include <algorithm>
#include <utility>

#include <gmock/gmock.h>

#include "restore/quota_exemption.h"
#include "tests/imap/scripted_transport.h"
#include "tests/restore/model_server.h"

namespace restore {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kProbe = 1024;  // KiB

class QuotaProofTest : public testing::Test {
 protected:
  QuotaProofTest() {
    server_.folders["INBOX"].put({3, {}});
    server_.folders["RESTORED/t1/mailstow-probe"];
    probe_.raw_name = "RESTORED/t1/mailstow-probe";
  }

  // Reports usage: `share` percent of the probe's folder, plus other mail: twice before the first
  // try, then three times in each try: before, with the probe, without it.
  void count(unsigned share, std::vector<std::int64_t> other = {}) {
    server_.quota = [this, share, other = std::move(other), call = std::size_t{0}]() mutable {
      std::uint64_t bytes = 0;
      for (const auto& [uid, message] : server_.folders[probe_.raw_name].messages) {
        bytes += message.size;
      }
      std::int64_t usage = static_cast<std::int64_t>(5000 + bytes / 1024 * share / 100);
      if (!other.empty()) usage += other[std::min(call++, other.size() - 1)];
      return std::vector<std::string>{
          "QUOTAROOT \"x\" \"User quota\"",
          "QUOTA \"User quota\" (STORAGE " + std::to_string(usage) + " 100000)"};
    };
  }

  // Reports a number of messages under a separate root, which counts the probe or not.
  void count_messages(bool is_counted) {
    server_.quota = [this, is_counted] {
      const std::size_t messages =
          is_counted ? server_.folders[probe_.raw_name].messages.size() : 0;
      return std::vector<std::string>{
          "QUOTAROOT \"x\" \"User quota\" Number", "QUOTA \"User quota\" (STORAGE 5000 100000)",
          "QUOTA Number (MESSAGE " + std::to_string(7 + messages) + " 1000)"};
    };
  }

  QuotaFinding prove(base::QuotaKind quota = base::QuotaKind::kAuto) {
    imap::Session session = server_.session();
    std::size_t recorded = 0;
    server_.meanwhile = [&](std::string_view verb) {
      if (verb == "APPEND") {
        EXPECT_GT(recorded, 0U) << "what a crash leaves would be the user's mail";
      }
    };
    const QuotaFinding finding =
        prove_exempt(session, quota, probe_, [&] { recorded = probe_.messages.size(); });
    server_.meanwhile = nullptr;
    probe_.messages.clear();
    EXPECT_TRUE(server_.folders[probe_.raw_name].messages.empty()) << "the probe is gone";
    EXPECT_EQ(server_.folders["INBOX"].messages.size(), 1U);
    return finding;
  }

  ModelServer server_;
  store::TreeLevel probe_;
};

TEST_F(QuotaProofTest, ATreeThatDoesNotCountIsExempt) {
  count(0);
  const QuotaFinding finding = prove();
  EXPECT_EQ(finding.exempt, true);
  EXPECT_THAT(finding.proof, HasSubstr("left STORAGE at 5000 KiB"));
}

TEST_F(QuotaProofTest, ATreeThatCountsIsNot) {
  count(100);
  const QuotaFinding finding = prove();
  EXPECT_EQ(finding.exempt, false);
  EXPECT_THAT(finding.proof, HasSubstr("raised STORAGE from 5000 to"));
}

TEST_F(QuotaProofTest, ALittleOtherMailIsNoMatter) {
  count(0, {0, 0, 0, 20, -30});
  EXPECT_EQ(prove().exempt, true);
  count(100, {0, 0, 0, 20, -30});
  EXPECT_EQ(prove().exempt, false);
}

TEST_F(QuotaProofTest, RepeatsTheProbeIfOtherMailArrivesOrLeaves) {
  count(0, {0, 0, 0, 900, 900});
  EXPECT_EQ(prove().exempt, true) << "900 KiB came in once";
  count(100, {0, 0, 0, 900, 900});
  EXPECT_EQ(prove().exempt, false);
}

TEST_F(QuotaProofTest, OtherMailOfTheProbesOwnSizeProvesNothingByItself) {
  count(0, {0, 0, 0, kProbe, kProbe, 0, kProbe, kProbe, 0, kProbe, kProbe});
  EXPECT_EQ(prove().exempt, std::nullopt) << "as much came in while the probe was put there";
  count(100, {0, 0, 0, -kProbe, -kProbe, 0, -kProbe, -kProbe, 0, -kProbe, -kProbe});
  EXPECT_EQ(prove().exempt, std::nullopt) << "as much went while the probe was put there";
}

TEST_F(QuotaProofTest, OneProbeThatSeemsNotToCountIsRepeatedIfTheUsageChanged) {
  count(100, {0, 0, -kProbe + 50, 20});
  EXPECT_EQ(prove().exempt, false) << "as much other mail was gone while the probe was there";
  count(100, {0, 0, -kProbe + 50, 20, 20, 500, 20, 20, 500, 20});
  EXPECT_EQ(prove().exempt, std::nullopt) << "and the others were inconclusive";
  count(0, {0, 0, 0, 20, 20, 40, 60});
  EXPECT_EQ(prove().exempt, true) << "a little other mail came each time";
}

TEST_F(QuotaProofTest, OneProbeThatSeemsToCountIsRepeated) {
  count(0, {0, 0, kProbe, 0});
  EXPECT_EQ(prove().exempt, true) << "as much came and went while the probe was there";
  count(0, {0, 0, kProbe, 0, 0, 500, 500, 500, 0, 500});
  EXPECT_EQ(prove().exempt, std::nullopt) << "and the others were inconclusive";
}

TEST_F(QuotaProofTest, UsageThatNeverRestsProvesNothing) {
  count(0, {0, 0, 0, 500, 2500, 300, 0, 500, 2500, 300, 0});
  const QuotaFinding finding = prove();
  EXPECT_EQ(finding.exempt, std::nullopt);
  EXPECT_THAT(finding.proof, HasSubstr("all three probes"));
}

TEST_F(QuotaProofTest, ReportsAServerWithoutQuota) {
  const QuotaFinding finding = prove();
  EXPECT_EQ(finding.exempt, std::nullopt);
  EXPECT_THAT(finding.proof, HasSubstr("no QUOTA capability"));
}

TEST_F(QuotaProofTest, SkipsAServerConfiguredWithoutQuota) {
  count(100);
  const QuotaFinding finding = prove(base::QuotaKind::kNone);
  EXPECT_EQ(finding.exempt, std::nullopt);
  EXPECT_THAT(finding.proof, HasSubstr("\"quota\" is \"none\""));
}

TEST_F(QuotaProofTest, WithoutAQuotaRootNothingCounts) {
  server_.quota = [] { return std::vector<std::string>{"QUOTAROOT \"x\""}; };
  EXPECT_EQ(prove().exempt, true);
}

TEST_F(QuotaProofTest, EveryLimitOfEveryRootIsCompared) {
  count_messages(true);
  QuotaFinding finding = prove();
  EXPECT_EQ(finding.exempt, false);
  EXPECT_THAT(finding.proof, HasSubstr("raised MESSAGE from 7 to 8"));
  count_messages(false);
  finding = prove();
  EXPECT_EQ(finding.exempt, true);
  EXPECT_THAT(finding.proof, HasSubstr("left STORAGE at 5000 KiB, MESSAGE at 7"));
}

TEST_F(QuotaProofTest, ALimitOnFoldersCountsTheTreesOwn) {
  server_.quota = [] {
    return std::vector<std::string>{"QUOTAROOT \"x\" r", "QUOTA r (X-NUM-FOLDERS 3 10)"};
  };
  EXPECT_EQ(prove().exempt, false);
}

TEST_F(QuotaProofTest, DoesNotExpungeMailOfOtherClients) {
  count(0);
  imap::Session session = server_.session();
  bool is_put = false;
  prove_exempt(session, base::QuotaKind::kAuto, probe_, [&] {
    if (!std::exchange(is_put, true)) server_.folders[probe_.raw_name].put({5, {}});
  });
  EXPECT_EQ(server_.folders[probe_.raw_name].messages.size(), 1U);
}

TEST_F(QuotaProofTest, ARootWithoutAnyLimitDoesNotCount) {
  server_.quota = [] {
    return std::vector<std::string>{"QUOTAROOT \"x\" \"user/alice/RESTORED\"",
                                    "QUOTA \"user/alice/RESTORED\" ()"};
  };
  EXPECT_EQ(prove().exempt, true);
}

TEST_F(QuotaProofTest, SendsNoQuotaCommandIfQuotaIsConfiguredAsNone) {
  server_.quota = []() -> std::vector<std::string> {
    ADD_FAILURE() << "the server was asked";
    return {};
  };
  imap::Session session = server_.session();
  base::ServerConfig server;
  server.quota = base::QuotaKind::kNone;
  const base::AccountConfig account;
  const imap::Namespace personal{"", '/'};
  const Plan plan;
  QuotaExemption exemption(session, server, account, personal, plan);
  const QuotaFinding finding = exemption.establish({}, probe_, [] {});
  EXPECT_EQ(finding.exempt, std::nullopt);
  EXPECT_TRUE(exemption.may_proceed(finding, false));
}

TEST_F(QuotaProofTest, AnAnswerWithoutAMessageCountIsNotReadAsEmpty) {
  constexpr const char* kQuota = R"(
    S: * QUOTAROOT RESTORED/t1/mailstow-probe ""
    S: * QUOTA "" (STORAGE 1 100 MAILBOX 3 9)
  )";
  imap::Transcript transcript = imap::Transcript::session("QUOTA");
  transcript.add("C: m3 GETQUOTAROOT \"RESTORED/t1/mailstow-probe\"");
  transcript.add(kQuota).add("S: m3 OK done");
  transcript.add(R"(
    C: m4 LIST "" "RESTORED*"
    S: * LIST () "/" RESTORED
    S: * LIST () "/" RESTORED/t1
    S: m4 OK done
    C: m5 STATUS "RESTORED" (MESSAGES UIDNEXT UIDVALIDITY)
    S: m5 OK done
  )");
  for (const char* tag : {"m6", "m7", "m8"}) {
    transcript.add(std::string("C: ") + tag + " GETQUOTAROOT \"RESTORED/t1/mailstow-probe\"");
    transcript.add(kQuota).add(std::string("S: ") + tag + " OK done");
  }
  imap::Session session(imap::scripted(transcript), {});
  base::ServerConfig server;
  server.quota = base::QuotaKind::kCyrus;
  const base::AccountConfig account;
  const imap::Namespace personal{"", '/'};
  Plan plan;
  plan.delimiter = '/';
  plan.levels = {"RESTORED", "RESTORED/t1", "RESTORED/t1/mailstow-probe"};
  plan.tree_raw_name = "RESTORED/t1";
  QuotaExemption exemption(session, server, account, personal, plan);
  const QuotaFinding finding = exemption.establish({}, probe_, [] {});
  EXPECT_EQ(finding.exempt, false);
  EXPECT_THAT(finding.proof, HasSubstr("no quota root could be created: the server does not report "
                                       "whether RESTORED holds messages"));
}

TEST_F(QuotaProofTest, AProbeThatIsRefusedProvesNothing) {
  count(100);
  server_.refused = {{"APPEND", probe_.raw_name}};
  const QuotaFinding finding = prove();
  EXPECT_EQ(finding.exempt, std::nullopt);
  EXPECT_THAT(finding.proof, HasSubstr("you may not"));
}

}  // namespace
}  // namespace restore
