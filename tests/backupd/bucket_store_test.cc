// The commands of mailstow-backupd on a store in a bucket. No directory of a store exists, so what
// still looks for one fails.
#include <filesystem>
#include <fstream>
#include <set>
#include <utility>

#include <gmock/gmock.h>

#include "backupd/commands.h"
#include "tests/programs/installation.h"
#include "tests/programs/program_in_process.h"
#include "tests/programs/receipts.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/imap_client.h"
#include "tests/servers/mail_generator.h"
#include "tests/store/storage/model_bucket.h"

namespace backupd {
namespace {

namespace fs = std::filesystem;
using programs::json;
using testing::HasSubstr;
using testing::IsSupersetOf;

base::ProgramDescription bucket_program() {
  return {.name = "mailstow-backupd",
          .purpose = "Backs up.",
          .footer = "",
          .version = "0",
          .groups = {{"key", "Keys"}},
          .commands = {init_command(), once_command(), check_command(), reindex_command(),
                       key_list_command(), prune_command(), forget_command(), pin_command(),
                       metrics_command(), status_command(), doctor_command()}};
}

class BucketStoreTest : public testing::TestWithParam<bool> {
 protected:
  BucketStoreTest() {
    const base::Path secret = mailstow_.directory() / "secret";
    std::ofstream(secret) << "secret\n";
    fs::permissions(secret, fs::perms::owner_read | fs::perms::owner_write);
    json bucket = {{"url", "https://storage.invalid"},
                   {"bucket", "mail"},
                   {"prefix", "one"},
                   {"access_key", "key"},
                   {"secret_key_file", secret.string()}};
    mailstow_.config()["store"] = {{"s3", std::move(bucket)},
                                   {"index", mailstow_.index().string()},
                                   {"key_file", mailstow_.key_file().string()}};
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.save();
    servers::fill_account(server_, "alice", 20);
  }

  servers::ProcessResult run(const std::vector<std::string>& arguments) {
    return programs::run_in_process(bucket_program(), mailstow_, arguments);
  }

  json document_of(std::vector<std::string> arguments, int status = 0) {
    arguments.push_back("--json");
    const servers::ProcessResult result = run(arguments);
    EXPECT_EQ(status, result.status) << result.out;
    return json::parse(result.out, nullptr, false);
  }

  json once() { return document_of({"once"})["accounts"][0]; }

  std::set<std::string> areas() {
    std::set<std::string> areas;
    for (const auto& [name, bytes] : bucket_.storage().contents()) areas.insert(name.area());
    return areas;
  }

  void expect_no_store_on_this_machine() {
    for (const char* name : {"keys", "packs", "commits", "owner", "trees", "lock", "readers"}) {
      EXPECT_FALSE(fs::exists(mailstow_.store() / name)) << name;
      EXPECT_FALSE(fs::exists(fs::current_path() / name)) << name;
    }
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  tests::ModelBucket bucket_{
      "s3://mail/one",
      {.creates_once = GetParam(), .lists_at_once = true, .replaces_at_once = true}};
};

TEST_P(BucketStoreTest, IsMadeFilledCheckedPrunedAndRepaired) {
  EXPECT_THAT(run({"init"}).out, HasSubstr("The store is in s3://mail/one, its index in "));
  EXPECT_EQ(2, run({"init"}).status) << "a store is there already";
  const json account = once();
  EXPECT_EQ("complete", account["status"]);
  programs::expect_receipts(account, servers::account_state(server_, "alice"));
  EXPECT_THAT(areas(), IsSupersetOf({"keys", "packs", "commits", "owner"}));
  EXPECT_TRUE(fs::exists(mailstow_.index() / "local" / "lock"));

  EXPECT_EQ(20, document_of({"status"})["store"]["messages"]);
  EXPECT_EQ("intact", document_of({"check", "--read-data"})["status"]);
  EXPECT_EQ(1U, document_of({"key", "list"})["keys"].size());
  EXPECT_THAT(run({"metrics"}).out, HasSubstr("\nmailstow_store_free_bytes "));

  auto alice = server_.client("alice");
  servers::MailGenerator mail(7);
  alice.append("INBOX", std::vector<servers::Delivery>{{mail.text(5'000)}});
  EXPECT_EQ(1, once()["new_messages"]);
  EXPECT_EQ(0, run({"prune", "--dry-run"}).status);
  EXPECT_EQ(0, run({"prune"}).status);
  EXPECT_EQ(2, run({"prune", "--skip-grace"}).status) << "other readers can't be seen";
  EXPECT_EQ("intact", document_of({"check", "--repair"})["status"]);
  EXPECT_EQ(21, document_of({"status"})["store"]["messages"]);
  expect_no_store_on_this_machine();
}

TEST_P(BucketStoreTest, LosesNothingWithTheIndex) {
  run({"init"});
  once();
  fs::remove_all(mailstow_.index());
  const json reindexed = document_of({"reindex"});
  EXPECT_EQ("complete", reindexed["status"]);
  EXPECT_EQ(20, reindexed["messages"]);
  EXPECT_EQ(0, once()["new_messages"]);
  EXPECT_EQ("intact", document_of({"check"})["status"]);
  expect_no_store_on_this_machine();
}

TEST_P(BucketStoreTest, ALostKeySlotIsMadeAgain) {
  run({"init"});
  once();
  const auto slots = [&] {
    std::vector<store::BlobName> names;
    for (const auto& [name, bytes] : bucket_.storage().contents()) {
      if (name.area() == "keys") names.push_back(name);
    }
    return names;
  };
  ASSERT_EQ(2U, slots().size());
  EXPECT_TRUE(bucket_.storage().remove(std::vector{slots().back()}).empty());
  const json damaged = document_of({"check"}, 4);
  EXPECT_THAT(damaged["damage"].dump(), HasSubstr("s3://mail/one/keys/"));
  EXPECT_EQ(0, run({"check", "--repair"}).status);
  EXPECT_EQ(2U, slots().size());
}

TEST_P(BucketStoreTest, AStorageThatNoLongerAnswersEndsTheRunAndLosesNothing) {
  run({"init"});
  once();
  const std::uint64_t begin = bucket_.storage().operations();
  once();
  // Without the look at the copy of the index, which the backup does not need.
  const std::uint64_t of_a_run = bucket_.storage().operations() - begin - 2;
  ASSERT_LT(4U, of_a_run);
  auto alice = server_.client("alice");
  servers::MailGenerator mail(7);
  alice.append("INBOX", std::vector<servers::Delivery>{{mail.text(5'000)}});
  for (const std::uint64_t operation : {of_a_run / 2, of_a_run}) {
    bucket_.storage().fail_for_good_from(bucket_.storage().operations() + operation,
                                         tests::StorageFault::kNotDone);
    EXPECT_THAT(document_of({"once"}, 1).dump(), HasSubstr("what was committed before is kept"));
    bucket_.storage().stop_failing();
  }
  EXPECT_EQ("complete", once()["status"]);
  EXPECT_EQ("intact", document_of({"check"})["status"]);
  EXPECT_EQ(21, document_of({"status"})["store"]["messages"]);
}

TEST_P(BucketStoreTest, AClockThatDiffersFromTheStoragesEndsAJobAtItsStart) {
  run({"init"});
  once();
  bucket_.storage().set_clock_lead(std::chrono::minutes(7));
  for (const char* const job : {"once", "prune"}) {
    EXPECT_THAT(document_of({job}, 1).dump(),
                HasSubstr("this machine's clock is 7m ahead of that of s3://mail/one"));
  }
  const json doctor = document_of({"doctor"});
  EXPECT_THAT(doctor["findings"].dump(), HasSubstr("this machine's clock is 7m ahead of"));
}

TEST_P(BucketStoreTest, ForgottenMailLeavesTheBucket) {
  mailstow_.config()["retention"] = {{"grace", "0s"}};
  mailstow_.save();
  run({"init"});
  once();
  EXPECT_EQ(1, document_of({"forget", "alice", "--yes", "--prune"})["dropped"]);
  EXPECT_EQ(0, run({"prune"}).status);
  EXPECT_EQ(0, document_of({"status"})["store"]["messages"]);
  EXPECT_EQ("intact", document_of({"check"})["status"]);
}

TEST_P(BucketStoreTest, DoctorTriesTheEndpoint) {
  run({"init"});
  once();
  const auto finding = [](const json& report, const std::string& state) {
    for (const json& each : report["findings"]) {
      if (each["check"] == "store" && each["state"] == state) return each;
    }
    return json();
  };
  const json sound = finding(document_of({"doctor"}), "ok");
  ASSERT_FALSE(sound.is_null());
  EXPECT_EQ("s3://mail/one", sound["subject"]);
  EXPECT_THAT(sound["what"].get<std::string>(), HasSubstr("can be written, read, listed"));
  EXPECT_EQ(0U, areas().count("probe"));
  bucket_.storage().fail_every(1, tests::StorageFault::kRefused);
  const json refused = finding(document_of({"doctor"}, 1), "failure");
  ASSERT_FALSE(refused.is_null());
  EXPECT_THAT(refused["what"].get<std::string>(), HasSubstr("the model refuses it"));
  EXPECT_THAT(refused["remedy"].get<std::string>(), HasSubstr("docs/object-storage.md"));
}

TEST_P(BucketStoreTest, DoctorTriesTheBucketOfACopy) {
  tests::ModelBucket copy("s3://mail/copy");
  json bucket = mailstow_.config()["store"]["s3"];
  bucket["prefix"] = "copy";
  mailstow_.config()["copies"] = {{{"name", "cloud"}, {"s3", std::move(bucket)}}};
  mailstow_.save();
  run({"init"});
  once();
  const auto finding = [&](const std::string& state, int status) {
    const json report = document_of({"doctor"}, status);
    for (const json& each : report["findings"]) {
      if (each["check"] == "copy" && each["state"] == state) return each;
    }
    return json();
  };
  const json sound = finding("ok", 0);
  ASSERT_FALSE(sound.is_null());
  EXPECT_EQ("s3://mail/copy", sound["subject"]);
  EXPECT_THAT(sound["what"].get<std::string>(),
              HasSubstr("written, read, listed and deleted; a name is created only once"));
  EXPECT_TRUE(copy.storage().contents().empty());
  copy.storage().set_clock_lead(std::chrono::minutes(7));
  const json late = finding("warning", 0);
  ASSERT_FALSE(late.is_null());
  EXPECT_THAT(late["what"].get<std::string>(),
              HasSubstr("7m ahead of that of s3://mail/copy: nothing is written there"));
  copy.storage().fail_every(1, tests::StorageFault::kRefused);
  const json refused = finding("failure", 1);
  ASSERT_FALSE(refused.is_null());
  EXPECT_THAT(refused["what"].get<std::string>(), HasSubstr("the model refuses it"));
}

INSTANTIATE_TEST_SUITE_P(Traits, BucketStoreTest, testing::Bool(), [](const auto& traits) {
  return std::string(traits.param ? "CreatesOnce" : "SharesNames");
});

}  // namespace
}  // namespace backupd
