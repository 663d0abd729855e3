// A whole backup through a network and a proxy that fail: the same store as without.
#include <algorithm>
#include <array>
#include <memory>

#include <gmock/gmock.h>

#include "backupd/commands.h"
#include "base/clock.h"
#include "base/config/s3_config.h"
#include "store/format/bucket.h"
#include "store/storage/patient_storage.h"
#include "store/storage/s3_storage.h"
#include "tests/backupd/bucket_fixture.h"
#include "tests/long_run.h"
#include "tests/programs/program_in_process.h"
#include "tests/programs/receipts.h"
#include "tests/servers/storage/fault_proxy.h"
#include "tests/servers/storage/swift.h"
#include "tests/store/storage/impatient_clock.h"

namespace backupd {
namespace {

using programs::json;
using servers::Fault;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::array kPassingFaults{Fault::kUnavailable, Fault::kCutBody, Fault::kLostAnswer,
                                    Fault::kCaptivePortal, Fault::kDelay};

base::ProgramDescription faulty_bucket_program() {
  return {.name = "mailstow-backupd",
          .purpose = "Backs up.",
          .footer = "",
          .version = "0",
          .groups = {},
          .commands = {init_command(), once_command(), status_command(), prune_command(),
                       check_command()}};
}

class StorageFaultsTest : public BucketFixture {
 protected:
  StorageFaultsTest() : BucketFixture(servers::Swift::shared().storage(), "faults") {
    use_url(proxy_.url());
  }

  servers::FaultProxy proxy_{servers::Swift::shared().storage().url()};
};

// In this process, so that nothing waits between the attempts.
class QuickFaultsTest : public StorageFaultsTest {
 public:
  ~QuickFaultsTest() override { store::replace_bucket(name_, nullptr); }

 protected:
  QuickFaultsTest() {
    base::S3Config config = servers::Swift::shared().storage().config(bucket_, "one");
    config.url = proxy_.url();
    name_ = config.display_name();
    const auto bucket = std::make_shared<Bucket>(config, mailstow_.directory() / "spool");
    store::replace_bucket(name_, {bucket, &bucket->patient});
    EXPECT_EQ(0, run({"init"}).status);
  }

  servers::ProcessResult run(const std::vector<std::string>& arguments) {
    testing::internal::CaptureStderr();
    servers::ProcessResult result =
        programs::run_in_process(faulty_bucket_program(), mailstow_, arguments);
    result.err = testing::internal::GetCapturedStderr();
    return result;
  }

  // The report of a command that must succeed.
  json document_of(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    const servers::ProcessResult result = run(arguments);
    EXPECT_EQ(0, result.status) << result.out << result.err;
    return json::parse(result.out, nullptr, false);
  }

  json once() { return document_of({"once"})["accounts"][0]; }

  void expect_intact() { EXPECT_EQ("intact", document_of({"check", "--read-data"})["status"]); }

 private:
  struct Bucket {
    Bucket(const base::S3Config& config, const base::Path& spool)
        : plain(config, spool, base::real_file_system(), base::system_clock()),
          patient(plain, clock, std::chrono::minutes(5), 1) {}
    tests::ImpatientClock clock;
    store::S3Storage plain;
    store::PatientStorage patient;
  };

  std::string name_;
};

class PassingFaultTest : public QuickFaultsTest, public testing::WithParamInterface<Fault> {};

TEST_P(PassingFaultTest, ChangesNothing) {
  proxy_.begin({.faults = {GetParam()}, .percent = 20, .seed = 1});
  const json account = once();
  EXPECT_EQ("complete", account["status"]);
  programs::expect_receipts(account, state());
  EXPECT_EQ(kMessages, document_of({"status"})["store"]["messages"]);
  deliver(1);
  EXPECT_EQ(1, once()["new_messages"]);
  EXPECT_EQ(0, run({"prune"}).status);
  EXPECT_EQ("intact", document_of({"check"})["status"]);
  proxy_.end();
  EXPECT_GT(proxy_.count(GetParam()), 0U);
  EXPECT_EQ(0, once()["new_messages"]);
  expect_intact();
}

std::string name_of_fault(const testing::TestParamInfo<Fault>& fault) {
  constexpr std::array kNames{"Unavailable", "CutBody", "LostAnswer", "CaptivePortal", "Delay"};
  return kNames.at(fault.index);
}

INSTANTIATE_TEST_SUITE_P(Faults, PassingFaultTest, testing::ValuesIn(kPassingFaults),
                         name_of_fault);

// A storage that for a while gives other bytes than were written.
class LyingStorageTest : public QuickFaultsTest {
 protected:
  LyingStorageTest() { once(); }
};

TEST_F(LyingStorageTest, IsReportedAndNotBelieved) {
  for (const Fault lie : {Fault::kSwappedBody, Fault::kFlippedByte}) {
    // Another pack, which the proxy can show in the place of the first one.
    deliver(1);
    EXPECT_EQ(1, once()["new_messages"]);
    proxy_.begin({.faults = {lie}, .percent = 100, .in_a_row = 1'000, .within = "/packs/"});
    const servers::ProcessResult result = run({"check", "--read-data", "--json"});
    EXPECT_EQ(4, result.status) << result.err;
    const json report = json::parse(result.out, nullptr, false);
    EXPECT_FALSE(report["damage"].empty());
    proxy_.end();
    EXPECT_GT(proxy_.count(lie), 0U);
    expect_intact();
  }
}

TEST_F(LyingStorageTest, LeavesNoTraceOnceItIsHonest) {
  const unsigned seeds = tests::is_long_run() ? 60 : 2;
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    deliver(1);
    proxy_.begin(
        {.faults = {Fault::kSwappedBody, Fault::kFlippedByte}, .percent = 40, .seed = seed});
    using Words = std::vector<std::string>;
    for (const Words& words : {Words{"once"}, Words{"status"}, Words{"prune"}, Words{"check"}}) {
      const servers::ProcessResult result = run(words);
      EXPECT_THAT(result.status, AnyOf(0, 1, 2, 3, 4)) << words.front() << ": " << result.err;
    }
    proxy_.end();
    const json account = once();
    EXPECT_EQ("complete", account["status"]);
    programs::expect_receipts(account, state());
    expect_intact();
  }
}

TEST_F(LyingStorageTest, NoOtherMailIsRestored) {
  const std::multiset<std::string> mail = mail_in(state().folders);
  proxy_.begin({.faults = {Fault::kSwappedBody, Fault::kFlippedByte}, .percent = 30, .seed = 3});
  const servers::ProcessResult result = mailstow_.restore({"run", "alice", "--all", "--json"});
  proxy_.end();
  const json report = json::parse(result.out, nullptr, false);
  const auto tree = report.find("tree");
  if (tree == report.end() || !tree->is_string()) {
    EXPECT_NE(0, result.status);
    return;
  }
  const std::multiset<std::string> restored = mail_in(state().below(tree->get<std::string>(), '/'));
  EXPECT_TRUE(std::ranges::includes(mail, restored));
  EXPECT_TRUE(result.status != 0 || mail == restored) << result.err;
}

// Both programs as they are, with their pauses.
class ProgramFaultsTest : public StorageFaultsTest {
 protected:
  json done(const std::vector<std::string>& arguments) {
    std::vector<std::string> words = arguments;
    words.emplace_back("--json");
    const bool is_restore = arguments.front() == "run" || arguments.front() == "sweep";
    const servers::ProcessResult result =
        is_restore ? mailstow_.restore(words) : mailstow_.backupd(words);
    EXPECT_EQ(0, result.status) << arguments.front() << ": " << result.err;
    EXPECT_THAT(result.err, Not(HasSubstr("damage"))) << arguments.front();
    return json::parse(result.out, nullptr, false);
  }

  void expect_whole_backup(const servers::FaultPlan& plan) {
    use_prefix("seed-" + std::to_string(plan.seed));
    EXPECT_EQ(0, mailstow_.backupd({"init"}).status);
    proxy_.begin(plan);
    const servers::AccountState before = state();
    const json account = done({"once"})["accounts"][0];
    EXPECT_EQ("complete", account["status"]);
    programs::expect_receipts(account, before);
    EXPECT_EQ(before.message_count(), done({"status"})["store"]["messages"]);
    const std::string tree = done({"run", "alice", "--all"})["tree"];
    EXPECT_EQ(mail_in(before.folders), mail_in(state().below(tree, '/')));
    EXPECT_EQ(0, mailstow_.restore({"expire", "alice", tree}).status);
    EXPECT_EQ(true, done({"sweep"})["trees"][0]["finished"]);
    EXPECT_EQ(before, state());
    done({"prune"});
    EXPECT_EQ("intact", done({"check"})["status"]);
    proxy_.end();
    EXPECT_EQ("intact", done({"check", "--read-data"})["status"]);
    EXPECT_EQ(0, done({"once"})["accounts"][0]["new_messages"]);
  }
};

TEST_F(ProgramFaultsTest, AWholeBackupIsTheSame) {
  const std::vector<Fault> all(kPassingFaults.begin(), kPassingFaults.end());
  const unsigned seeds = tests::is_long_run() ? 20 : 1;
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    expect_whole_backup({.faults = all, .percent = 20, .seed = seed});
  }
  unsigned faults = 0;
  for (const Fault fault : all) faults += proxy_.count(fault);
  EXPECT_GE(faults, 5U);
  if (!tests::is_long_run()) return;
  for (unsigned seed = 101; const Fault fault : all) {
    SCOPED_TRACE(seed);
    expect_whole_backup({.faults = {fault}, .percent = 20, .seed = seed++});
  }
}

TEST_F(ProgramFaultsTest, ACertificateOfAForeignAuthorityIsRefused) {
  EXPECT_EQ(0, mailstow_.backupd({"init"}).status);
  done({"once"});
  // A server with TLS, whose certificate another authority has signed.
  use_url("https" + server_.imaps_url().substr(std::string("imaps").size()));
  mailstow_.config()["store"]["s3"]["ca_file"] = server_.stranger_ca_file().string();
  mailstow_.save();
  for (const char* command : {"once", "check"}) {
    const servers::ProcessResult result = mailstow_.backupd({command});
    EXPECT_EQ(1, result.status) << command << ": " << result.err;
    EXPECT_THAT(result.err, HasSubstr("the certificate is not trusted")) << command;
    EXPECT_THAT(result.err, HasSubstr("set ca_file")) << command;
  }
  mailstow_.config()["store"]["s3"].erase("ca_file");
  use_url(proxy_.url());
  EXPECT_EQ(0, done({"once"})["accounts"][0]["new_messages"]);
  EXPECT_EQ("intact", done({"check"})["status"]);
}

}  // namespace
}  // namespace backupd
