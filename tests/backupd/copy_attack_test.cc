// An attacker with all that the backup host has: root, the store's key, the credentials of the
// copy's bucket. In long runs, on a real Ceph.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/storage/content_digest.h"
#include "store/storage/s3_bucket.h"
#include "store/storage/s3_document.h"
#include "store/storage/s3_lock.h"
#include "tests/long_run.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/storage/ceph.h"

namespace backupd {
namespace {

namespace fs = std::filesystem;
using base::HttpVerb;
using programs::json;

// Does to each version of each object what a bucket's owner can try.
class BucketAttack {
 public:
  using Version = store::S3VersionPage::Version;

  explicit BucketAttack(base::S3Config config) : bucket_(std::move(config), base::system_clock()) {}

  void run() {
    const std::vector<Version> all = versions();
    for (const Version& version : all) {
      if (!version.is_marker) shorten(version);
      destroy(version);
    }
    std::set<std::string> keys;
    for (const Version& version : all) keys.insert(version.key);
    bool hides = false;
    for (const std::string& key : keys) {
      overwrite(key);
      if (std::exchange(hides, !hides))
        send({.operation = "hide", .verb = HttpVerb::kDelete, .key = key});
    }
  }

  std::vector<Version> versions() {
    std::vector<Version> all;
    std::pair<std::string, std::string> last;
    while (true) {
      store::S3Request page{
          .operation = "list versions", .max_body = store::kMaxS3Document, .is_document = true};
      if (!last.first.empty()) page.query.emplace_back("key-marker", last.first);
      page.query.emplace_back("prefix", bucket_.config().prefix + "/");
      if (!last.second.empty()) page.query.emplace_back("version-id-marker", last.second);
      page.query.emplace_back("versions", "");
      const auto listing = store::parse_s3_versions(bucket_.get(page).body);
      if (!listing) {
        ADD_FAILURE() << "no listing of versions";
        return all;
      }
      all.insert(all.end(), listing->versions.begin(), listing->versions.end());
      if (!listing->is_truncated) return all;
      last = {listing->next_key, listing->next_id};
    }
  }

 private:
  static constexpr auto kBypass = "x-amz-bypass-governance-retention: true";

  void shorten(const Version& version) {
    const auto soon = std::chrono::floor<std::chrono::seconds>(base::system_clock().now()) +
                      std::chrono::seconds(2);
    for (const std::string& document :
         {store::s3_retention("COMPLIANCE", soon), store::s3_retention("GOVERNANCE", soon),
          std::string("<Retention xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>")}) {
      store::S3Request request =
          store::lock_extension("shorten a lock", version.key, version.id, document);
      request.headers.emplace_back(kBypass);
      send(request);
    }
  }

  void destroy(const Version& version) {
    send({.operation = "destroy",
          .verb = HttpVerb::kDelete,
          .key = version.key,
          .query = {{"versionId", version.id}},
          .headers = {kBypass}});
    if (version.is_marker) return;
    const std::string document = store::s3_version_deletion_request(version.key, version.id);
    send_document({.operation = "destroy",
                   .verb = HttpVerb::kPost,
                   .query = {{"delete", ""}},
                   .headers = {kBypass}},
                  document);
  }

  void overwrite(const std::string& key) {
    send_document({.operation = "overwrite", .verb = HttpVerb::kPut, .key = key},
                  "What an attacker has left.");
  }

  void send_document(store::S3Request request, const std::string& document) {
    const store::ContentDigest digest =
        store::digest_of(base::as_bytes(document), store::ContentDigest::Md5::kYes);
    request.headers.push_back("Content-MD5: " + digest.md5());
    request.body = base::body_of(base::as_bytes(document));
    request.sha256 = digest.sha256();
    send(std::move(request));
  }

  void send(store::S3Request request) {
    request.max_body = store::kMaxS3Document;
    bucket_.send(request);
  }

  store::S3Bucket bucket_;
};

class AttackedHost {
 public:
  static constexpr std::size_t kMessages = 12;

  explicit AttackedHost(const std::string& bucket) : bucket_(bucket) {
    const servers::ObjectStorage& storage = servers::Ceph::shared().storage();
    storage.make_locking_bucket(bucket);
    const base::Path secret = mailstow_.directory() / "secret";
    std::ofstream(secret) << storage.secret() << "\n";
    fs::permissions(secret, fs::perms::owner_read | fs::perms::owner_write);
    copy_ = {{"url", storage.url()},
             {"bucket", bucket},
             {"prefix", "copy"},
             {"access_key", storage.access_key()},
             {"secret_key_file", secret.string()},
             {"lock_for", "2d"}};
    mailstow_.make_store();
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.config()["copies"] = {{{"name", "cloud"}, {"s3", copy_}}};
    mailstow_.save();
    servers::fill_account(server_, "alice", kMessages);
    EXPECT_EQ(kMessages, mailstow_.backupd_json({"once"})["accounts"][0]["new_messages"]);
    mail_ = mail_in(state().folders);
    commit_ = copy()["commit"]["id"];
  }

  // The id of the copy's newest commit of the day before.
  const std::string& commit() const { return commit_; }

  const programs::Installation& mailstow() const { return mailstow_; }

  json copy(std::vector<std::string> arguments = {}, int status = 0) {
    arguments.insert(arguments.begin(), {"copy", "cloud"});
    return mailstow_.backupd_json(arguments, status)["copies"][0];
  }

  // The store drops everything. Returns the copy's report, which does not follow.
  json drop_all() {
    EXPECT_EQ(0, mailstow_.backupd({"forget", "alice", "--yes"}).status);
    EXPECT_EQ(0, mailstow_.backupd({"prune", "--now"}).status);
    return copy({}, 3);
  }

  void attack_bucket() {
    fs::remove_all(mailstow_.store());
    fs::remove_all(mailstow_.index());
    BucketAttack attack(servers::Ceph::shared().storage().config(bucket_, "copy"));
    const std::set<std::string> before = locked_ids(attack);
    EXPECT_FALSE(before.empty());
    attack.run();
    const std::set<std::string> after = locked_ids(attack);
    for (const std::string& id : before) EXPECT_TRUE(after.contains(id)) << id;
  }

  // Another machine, with the key from paper, the bucket, and nothing else.
  void install_again() {
    const base::Path key = mailstow_.directory() / "kept.key";
    fs::rename(mailstow_.key_file(), key);
    mailstow_.config()["store"] = {{"s3", copy_},
                                   {"index", (mailstow_.directory() / "index2").string()},
                                   {"key_file", key.string()}};
    mailstow_.config().erase("copies");
    mailstow_.save();
  }

  void expect_all_restored(const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments{"run", "alice", "--all"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const std::string tree = mailstow_.restore_json(arguments)["tree"];
    EXPECT_EQ(mail_, mail_in(state().below(tree, '/')));
  }

 private:
  servers::AccountState state() const { return servers::account_state(server_, "alice"); }

  static std::multiset<std::string> mail_in(
      const std::map<std::string, servers::FolderState>& folders) {
    std::multiset<std::string> mail;
    for (const auto& [name, folder] : folders) {
      for (const servers::MessageState& message : folder.messages) mail.insert(message.sha256);
    }
    return mail;
  }

  // The versions of packs, commit records and key slots.
  static std::set<std::string> locked_ids(BucketAttack& attack) {
    std::set<std::string> ids;
    for (const BucketAttack::Version& version : attack.versions()) {
      const bool is_locked = version.key.starts_with("copy/packs/") ||
                             version.key.starts_with("copy/commits/") ||
                             version.key.starts_with("copy/keys/");
      if (is_locked && !version.is_marker) ids.insert(version.key + " " + version.id);
    }
    return ids;
  }

  const std::string bucket_;
  json copy_;
  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  std::multiset<std::string> mail_;
  std::string commit_;
};

TEST(CopyAttackTest, ACopyThatDidNotFollowRestoresEverythingAndIsRepaired) {
  if (!tests::is_long_run()) return;
  AttackedHost host("attack-held");
  EXPECT_EQ("held", host.drop_all()["status"]);
  host.attack_bucket();
  host.install_again();
  EXPECT_EQ("complete", host.mailstow().backupd_json({"reindex", "--first-versions"})["status"]);
  host.expect_all_restored();
  EXPECT_EQ(2, host.mailstow().backupd({"once"}).status) << "before it is put back";
  const json repaired = host.mailstow().backupd_json({"check", "--repair"});
  EXPECT_FALSE(repaired["repair"]["put_back"].empty());
  EXPECT_EQ("intact", host.mailstow().backupd_json({"check", "--read-data"})["status"]);
  host.expect_all_restored();
}

TEST(CopyAttackTest, ACopyThatWasMadeToFollowRestoresEverythingAsOfTheDayBefore) {
  if (!tests::is_long_run()) return;
  AttackedHost host("attack-followed");
  const std::string held = host.drop_all()["held"]["id"];
  host.copy({"--accept", held});
  host.attack_bucket();
  host.install_again();
  const json report = host.mailstow().backupd_json({"reindex", "--as-of", host.commit()});
  EXPECT_EQ("complete", report["status"]);
  EXPECT_EQ(true, report["as_of"]["whole"]);
  host.expect_all_restored({"--as-of", host.commit()});
}

}  // namespace
}  // namespace backupd
