// Restores that would, or would not, count towards the user's quota, on a real server.
#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/relay.h"

namespace restore {
namespace {

using programs::json;
using servers::QuotaExemption;
using testing::HasSubstr;
using testing::Not;

struct Outcome {
  int status = 0;
  json report;
  std::string log;
};

// An account with 2 MiB of mail.
class QuotaWorld {
 public:
  explicit QuotaWorld(servers::DovecotOptions options) : server_(std::move(options)) {
    servers::MailGenerator mail(2);
    std::vector<servers::Delivery> deliveries;
    for (int message = 0; message < 4; ++message)
      deliveries.push_back({mail.text(std::size_t{512} * 1024)});
    server_.client("alice").append("INBOX", deliveries);
    mailstow_.make_store();
    mailstow_.backupd_json({"once", "--account", "alice"});
  }

  Outcome run(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"run", "alice", "--all", "--json", "--expire-after", "1s"});
    const auto result = mailstow_.restore(more);
    return {result.status, json::parse(result.out, nullptr, false), result.err};
  }

  servers::AccountState state() { return servers::account_state(server_, "alice"); }
  servers::Dovecot& server() { return server_; }
  programs::Installation& mailstow() { return mailstow_; }

 private:
  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

servers::DovecotOptions dovecot(QuotaExemption exemption, std::uint64_t quota_kib = 2'000'000) {
  servers::DovecotOptions options;
  options.exemption = exemption;
  options.quota_kib = quota_kib;
  return options;
}

TEST(QuotaTest, AnAllowedTreeThatDoesNotFitIsRefusedBeforeAnyMessage) {
  QuotaWorld world(dovecot(QuotaExemption::kNone, 4'000));
  const auto before = world.state();
  const Outcome outcome = world.run({"--allow-quota"});
  EXPECT_EQ(outcome.status, 6);
  EXPECT_THAT(outcome.log, HasSubstr("there is no room for 4 messages"));
  EXPECT_THAT(outcome.log, HasSubstr("of 4000 KiB"));
  EXPECT_EQ(world.state(), before);
}

TEST(QuotaTest, AQuotaThatIsTooFullForTheProbeIsNoProof) {
  QuotaWorld world(dovecot(QuotaExemption::kNone, 2'600));
  const auto before = world.state();
  const Outcome outcome = world.run();
  EXPECT_EQ(outcome.status, 6) << outcome.log;
  EXPECT_EQ(world.state(), before);
}

TEST(QuotaTest, AnExemptTreeFitsIntoAQuotaThatIsFull) {
  QuotaWorld world(dovecot(QuotaExemption::kTree, 2'100));
  const auto before = world.state();
  const Outcome outcome = world.run();
  EXPECT_EQ(outcome.status, 0) << outcome.log;
  EXPECT_EQ(outcome.report["quota"]["exempt"], true);
  const std::string proof = outcome.report["quota"]["proof"];
  EXPECT_THAT(proof, HasSubstr("a probe of 1 MiB in the tree left STORAGE at 20"));
  EXPECT_THAT(proof, HasSubstr("usage was STORAGE 20"));
  EXPECT_EQ(world.state().usage, before.usage);
}

TEST(QuotaTest, TheLinesToAddAreThoseForThisTree) {
  servers::DovecotOptions options = dovecot(QuotaExemption::kNone);
  options.separator = '.';
  QuotaWorld world(options);
  world.mailstow().config()["restore"] = {{"tree", "Back/Returned/{timestamp}"}};
  world.mailstow().save();
  const Outcome outcome = world.run();
  EXPECT_EQ(outcome.status, 6);
  EXPECT_THAT(outcome.log, HasSubstr("quota_rule2 = Back.Returned:ignore"));
  EXPECT_THAT(outcome.log, HasSubstr("quota_rule3 = Back.Returned.*:ignore"));
  EXPECT_THAT(outcome.log, HasSubstr("--allow-quota"));
  world.mailstow().config()["restore"] = {{"tree", "Back {timestamp}"}};
  world.mailstow().save();
  EXPECT_THAT(world.run().log, HasSubstr("a folder above {timestamp}"));
}

TEST(QuotaTest, AServerWithoutTheQuotaCapabilityIsReported) {
  QuotaWorld world(dovecot(QuotaExemption::kNone));
  const servers::Relay relay(world.server(), {.offer = servers::Offer::kImap4rev1});
  auto& server = world.mailstow().config()["servers"]["main"];
  server["url"] = relay.url();
  server["tls"] = "none";
  world.mailstow().save();
  const Outcome refused = world.run();
  EXPECT_EQ(refused.status, 6);
  EXPECT_THAT(refused.log, HasSubstr("no QUOTA capability"));
  EXPECT_THAT(refused.log, HasSubstr(R"("quota": "none")"));
  EXPECT_THAT(refused.log, Not(HasSubstr(":ignore")));

  server["quota"] = "none";
  world.mailstow().save();
  const Outcome restored = world.run();
  EXPECT_EQ(restored.status, 0) << restored.log;
  EXPECT_EQ(restored.report["quota"]["exempt"], nullptr);
}

// The probe's folder is exempt from the quota, but the tree is not: only the whole restore shows
// that.
TEST(QuotaTest, ReportsUsageThatRoseDespiteTheExemption) {
  servers::DovecotOptions options = dovecot(QuotaExemption::kNone);
  options.extra = "plugin {\n  quota_rule2 = RESTORED/*/mailstow-probe:ignore\n}\n";
  QuotaWorld world(options);
  const Outcome outcome = world.run();
  EXPECT_EQ(outcome.report["quota"]["exempt"], nullptr);
  EXPECT_THAT(outcome.log, HasSubstr("usage rose by as much as was restored"));
}

// Mail of any size comes and goes in INBOX all the while.
class Traffic {
 public:
  explicit Traffic(const servers::Server& server)
      : thread_([this, client = server.client("alice")]() mutable { run(client); }) {}
  ~Traffic() {
    is_over_ = true;
    thread_.join();
  }
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

 private:
  void run(servers::ImapClient& client) {
    servers::MailGenerator mail(7);
    servers::Random random(7);
    client.command("CREATE Traffic");
    client.command("SELECT Traffic");
    while (!is_over_) {
      client.append("Traffic",
                    std::vector<servers::Delivery>{{mail.text(1 + random.below(2'000'000))}});
      if (random.one_in(2)) {
        client.command("STORE 1:* +FLAGS.SILENT (\\Deleted)");
        client.command("EXPUNGE");
      }
    }
  }

  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

TEST(QuotaTest, WithOtherTrafficAnExemptTreeIsNeverJudgedCounted) {
  QuotaWorld world(dovecot(QuotaExemption::kTree));
  const Traffic traffic(world.server());
  for (int restore = 0; restore < 4; ++restore) {
    const Outcome outcome = world.run();
    EXPECT_THAT(outcome.status, testing::AnyOf(0, 6)) << outcome.log;
    EXPECT_THAT(outcome.log, Not(HasSubstr("would count")));
    if (outcome.status == 6) {
      EXPECT_THAT(outcome.log, HasSubstr("made all three probes inconclusive"));
    }
  }
}

TEST(QuotaTest, WithOtherTrafficACountedTreeIsNeverJudgedExempt) {
  QuotaWorld world(dovecot(QuotaExemption::kNone));
  const Traffic traffic(world.server());
  for (int restore = 0; restore < 4; ++restore) {
    const Outcome outcome = world.run();
    EXPECT_EQ(outcome.status, 6) << outcome.report;
  }
}

}  // namespace
}  // namespace restore
