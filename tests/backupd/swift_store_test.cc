// Both programs on a store in a bucket of a real Swift.
#include <filesystem>
#include <fstream>
#include <set>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/programs/receipts.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/storage/swift.h"

namespace backupd {
namespace {

namespace fs = std::filesystem;
using programs::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class SwiftStoreTest : public testing::Test {
 protected:
  SwiftStoreTest() {
    storage_.make_bucket(bucket_);
    write_secret(storage_.secret());
    mailstow_.config()["store"] = {{"s3",
                                    {{"url", storage_.url()},
                                     {"bucket", bucket_},
                                     {"prefix", "one"},
                                     {"access_key", storage_.access_key()},
                                     {"secret_key_file", secret_file().string()}}},
                                   {"index", mailstow_.index().string()},
                                   {"key_file", mailstow_.key_file().string()}};
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.save();
    servers::fill_account(server_, "alice", kMessages);
  }

  base::Path secret_file() const { return mailstow_.directory() / "secret"; }

  void write_secret(const std::string& secret) const {
    std::ofstream(secret_file()) << secret << "\n";
    fs::permissions(secret_file(), fs::perms::owner_read | fs::perms::owner_write);
  }

  int status_of(const std::vector<std::string>& arguments) const {
    const servers::ProcessResult result = mailstow_.backupd(arguments);
    EXPECT_EQ("", result.status == 0 ? "" : result.err);
    return result.status;
  }

  json once() const { return mailstow_.backupd_json({"once"})["accounts"][0]; }

  servers::AccountState state() const { return servers::account_state(server_, "alice"); }

  // The hashes of all messages in these folders.
  static std::multiset<std::string> mail_in(
      const std::map<std::string, servers::FolderState>& folders) {
    std::multiset<std::string> mail;
    for (const auto& [name, folder] : folders) {
      for (const servers::MessageState& message : folder.messages) mail.insert(message.sha256);
    }
    return mail;
  }

  void expect_restored_and_swept() {
    const servers::AccountState before = state();
    const json report = mailstow_.restore_json({"run", "alice", "--all"});
    const std::string tree = report["tree"];
    EXPECT_EQ(mail_in(before.folders), mail_in(state().below(tree, '/')));
    EXPECT_EQ(1U, mailstow_.restore_json({"trees"})["trees"].size());
    EXPECT_EQ(0, mailstow_.restore({"expire", "alice", tree}).status);
    EXPECT_EQ(true, mailstow_.restore_json({"sweep"})["trees"][0]["finished"]);
    EXPECT_EQ(before, state());
  }

  static constexpr std::size_t kMessages = 40;

  static std::string next_bucket() {
    static int buckets = 0;
    return "mail-" + std::to_string(++buckets);
  }

  const servers::ObjectStorage& storage_ = servers::Swift::shared().storage();
  const std::string bucket_ = next_bucket();
  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(SwiftStoreTest, HoldsABackupFromInitToTheLossOfTheMachine) {
  EXPECT_EQ(0, status_of({"init"}));
  const json account = once();
  EXPECT_EQ("complete", account["status"]);
  programs::expect_receipts(account, state());
  EXPECT_EQ(0, once()["new_messages"]);
  EXPECT_LT(4, mailstow_.backupd_json({"check"})["storage"]["requests"].get<int>());
  EXPECT_EQ(kMessages, mailstow_.backupd_json({"status"})["store"]["messages"]);
  EXPECT_EQ("intact", mailstow_.backupd_json({"check", "--read-data"})["status"]);
  expect_restored_and_swept();
  EXPECT_EQ("intact", mailstow_.backupd_json({"drill"})["status"]);
  EXPECT_EQ(0, status_of({"prune"}));
  EXPECT_EQ("intact", mailstow_.backupd_json({"check", "--repair"})["status"]);

  fs::remove_all(mailstow_.index());
  EXPECT_EQ(kMessages, mailstow_.backupd_json({"reindex"})["messages"]);
  EXPECT_EQ(0, once()["new_messages"]);
  EXPECT_FALSE(mailstow_.restore_json({"folders", "alice"})["folders"].empty());
  EXPECT_EQ("intact", mailstow_.backupd_json({"check", "--read-data"})["status"]);
}

TEST_F(SwiftStoreTest, ACopyReplacesAStoreInADirectory) {
  json bucket = mailstow_.config()["store"]["s3"];
  bucket["prefix"] = "copy";
  mailstow_.config()["store"] = {{"path", mailstow_.store().string()},
                                 {"index", mailstow_.index().string()},
                                 {"key_file", mailstow_.key_file().string()}};
  mailstow_.config()["copies"] = {{{"name", "cloud"}, {"s3", bucket}}};
  mailstow_.save();
  mailstow_.make_store();
  EXPECT_EQ(kMessages, once()["new_messages"]);
  const json first = mailstow_.backupd_json({"copy"})["copies"][0];
  EXPECT_EQ("complete", first["status"]);
  EXPECT_EQ("s3://" + bucket_ + "/copy", first["location"].get<std::string>());
  EXPECT_EQ(1, first["packs"]);
  const json second = mailstow_.backupd_json({"copy", "cloud"})["copies"][0];
  EXPECT_EQ(0, second["packs"]);
  EXPECT_EQ(0, second["commits"]);
  EXPECT_EQ(first["commit"], second["commit"]);
  const json known = mailstow_.backupd_json({"status"})["copies"][0];
  EXPECT_EQ("s3://" + bucket_ + "/copy", known["location"].get<std::string>());
  EXPECT_EQ(0, known["commits_behind"]);
  EXPECT_EQ(0, mailstow_.backupd_json({"copy", "cloud", "--prune"})["deleted"]);
  EXPECT_EQ(0, mailstow_.backupd_json({"check", "--copy", "cloud"})["copy"]["commits_behind"]);

  // Only the bucket and the key are left.
  const base::Path key = mailstow_.directory() / "kept.key";
  fs::rename(mailstow_.key_file(), key);
  fs::remove_all(mailstow_.store());
  fs::remove_all(mailstow_.index());
  mailstow_.config()["store"] = {{"s3", bucket},
                                 {"index", (mailstow_.directory() / "index2").string()},
                                 {"key_file", key.string()}};
  mailstow_.config().erase("copies");
  mailstow_.save();
  EXPECT_EQ(kMessages, mailstow_.backupd_json({"reindex"})["messages"]);
  EXPECT_EQ("intact", mailstow_.backupd_json({"check", "--read-data"})["status"]);
  expect_restored_and_swept();
  EXPECT_EQ(0, once()["new_messages"]);
}

TEST_F(SwiftStoreTest, DoctorFindsTheEndpointSound) {
  EXPECT_EQ(0, status_of({"init"}));
  once();
  json store;
  const json report = mailstow_.backupd_json({"doctor"});
  for (const json& finding : report["findings"]) {
    if (finding["check"] == "store") store = finding;
  }
  EXPECT_EQ("ok", store.value("state", "")) << store;
  EXPECT_EQ("s3://" + bucket_ + "/one", store.value("subject", ""));
}

TEST_F(SwiftStoreTest, AWrongSecretIsRefusedWithoutBeingShown) {
  write_secret("not-the-secret");
  const servers::ProcessResult result = mailstow_.backupd({"init"});
  EXPECT_EQ(1, result.status);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("s3://" + bucket_ + "/one"), Not(HasSubstr("not-the-secret"))));
}

TEST_F(SwiftStoreTest, AMissingBucketIsNotMade) {
  mailstow_.config()["store"]["s3"]["bucket"] = "other";
  mailstow_.save();
  for (int attempt = 1; attempt <= 2; ++attempt) {
    const servers::ProcessResult result = mailstow_.backupd({"init"});
    EXPECT_EQ(1, result.status) << "attempt " << attempt;
    EXPECT_THAT(result.err, HasSubstr("s3://other/one"));
  }
}

TEST_F(SwiftStoreTest, TwoStoresShareABucket) {
  EXPECT_EQ(0, status_of({"init"}));
  once();
  mailstow_.config()["store"]["s3"]["prefix"] = "two";
  mailstow_.config()["store"]["index"] = (mailstow_.directory() / "index2").string();
  mailstow_.config()["store"]["key_file"] = (mailstow_.directory() / "key2").string();
  mailstow_.save();
  EXPECT_EQ(0, status_of({"init"}));
  EXPECT_EQ(kMessages, once()["new_messages"]);
  EXPECT_EQ("intact", mailstow_.backupd_json({"check", "--read-data"})["status"]);
}

}  // namespace
}  // namespace backupd
