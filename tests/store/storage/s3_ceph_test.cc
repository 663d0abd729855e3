// S3Storage on a real Ceph, in long runs only: listings of several pages, and versions.
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/fence.h"
#include "store/storage/content_digest.h"
#include "store/storage/patient_storage.h"
#include "store/storage/s3_document.h"
#include "store/storage/s3_lock_probe.h"
#include "store/storage/s3_probe.h"
#include "store/storage/s3_storage.h"
#include "tests/long_run.h"
#include "tests/servers/storage/ceph.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

class S3CephTest : public testing::Test {
 protected:
  // A storage in a new bucket.
  S3Storage& make_storage(const std::string& bucket) {
    servers::Ceph::shared().storage().make_bucket(bucket);
    config_ = servers::Ceph::shared().storage().config(bucket, "");
    storage_.emplace(config_, directory_.path(), base::real_file_system(), base::system_clock());
    return *storage_;
  }

  void keep_versions() {
    S3Bucket bucket(config_, base::system_clock());
    const std::string document =
        "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    bucket.get({.operation = "keep versions",
                .verb = base::HttpVerb::kPut,
                .query = {{"versioning", ""}},
                .body = base::body_of(base::as_bytes(document)),
                .sha256 = digest_of(base::as_bytes(document)).sha256(),
                .max_body = kMaxS3Document});
  }

  tests::TemporaryDirectory directory_;
  base::S3Config config_;
  std::optional<S3Storage> storage_;
};

TEST_F(S3CephTest, ThousandsOfBlobsAreListedAndRemoved) {
  if (!tests::is_long_run()) return;
  S3Storage& storage = make_storage("many");
  std::vector<std::string> keys;
  std::vector<BlobName> names;
  for (int count = 10'000; count < 12'100; ++count) {
    keys.push_back(std::to_string(count));
    names.emplace_back("packs", keys.back());
    storage.put(names.back(), base::as_bytes(keys.back()));
  }
  EXPECT_EQ(storage.list("packs"), keys);
  EXPECT_EQ(storage.list("packs", "11").size(), 1'000U);
  EXPECT_EQ(storage.list("packs", "", "11999").size(), 100U);
  EXPECT_THAT(storage.remove(names), testing::IsEmpty());
  EXPECT_THAT(storage.list("packs"), testing::IsEmpty());
}

// This Ceph ignores the condition there, and answers that all is well.
TEST_F(S3CephTest, ABucketThatKeepsVersionsIsNotProvenToCreateOnce) {
  if (!tests::is_long_run()) return;
  make_storage("versions");
  EXPECT_TRUE(prove_creates_once(config_, base::system_clock(), 1));
  keep_versions();
  EXPECT_FALSE(prove_creates_once(config_, base::system_clock(), 2));
}

TEST_F(S3CephTest, AFenceBreaksOnceTheBucketKeepsVersions) {
  if (!tests::is_long_run()) return;
  S3Storage& bucket = make_storage("fence");
  PatientStorage storage(bucket, base::system_clock(), std::chrono::minutes(1), 1);
  EXPECT_EQ(bucket.bucket_facts().value().versions, BucketVersions::kNotKept);
  const Location location{
      .store = {}, .index = directory_.path(), .key_file = {}, .fenced_bucket = "the bucket"};
  const auto open = [&] {
    return open_fence(storage, base::real_file_system(), location,
                      base::system_clock().now_seconds());
  };
  EXPECT_EQ(open(), Fence::kTrusted);
  EXPECT_EQ(open(), Fence::kTrusted);
  keep_versions();
  EXPECT_EQ(bucket.bucket_facts().value().versions, BucketVersions::kKept);
  EXPECT_EQ(bucket.bucket_facts().value().default_retention.value_or(""), "");
  EXPECT_EQ(open(), Fence::kNone);
  EXPECT_EQ(load_fence_note(base::real_file_system(), location).proof, FenceProof::kBroken);
}

TEST_F(S3CephTest, LocksHold) {
  if (!tests::is_long_run()) return;
  servers::Ceph::shared().storage().make_locking_bucket("locks");
  config_ = servers::Ceph::shared().storage().config("locks", "one");
  const LockProof compliance = prove_locks(config_, base::system_clock(), 1);
  EXPECT_TRUE(compliance.holds()) << compliance.why;
  config_.lock_mode = base::S3LockMode::kGovernance;
  const LockProof governance = prove_locks(config_, base::system_clock(), 2);
  EXPECT_TRUE(governance.works) << governance.why;
  EXPECT_TRUE(governance.can_delete);  // the bucket's owner may
  EXPECT_TRUE(governance.can_shorten);
  make_storage("unlocked");
  const LockProof none = prove_locks(config_, base::system_clock(), 3);
  EXPECT_THAT(none.why, testing::HasSubstr("make a bucket with object lock"));
}

TEST_F(S3CephTest, WhatWasDeletedAndReplacedIsThereInItsFirstVersion) {
  if (!tests::is_long_run()) return;
  servers::Ceph::shared().storage().make_locking_bucket("attacked");
  config_ = servers::Ceph::shared().storage().config("attacked", "one");
  config_.lock_for = std::chrono::days(1);
  S3Storage storage(config_, directory_.path(), base::real_file_system(), base::system_clock());
  storage.put({"packs", "a"}, base::as_bytes("first"));
  storage.put({"packs", "b"}, base::as_bytes("first"));
  storage.put({"packs", "c"}, base::as_bytes("first"));
  storage.put({"packs", "a"}, base::as_bytes("other"));
  EXPECT_THAT(storage.remove(std::vector{BlobName("packs", "b")}), testing::IsEmpty());
  const std::vector<BlobVersion> versions = storage.first_versions("packs");
  ASSERT_EQ(3U, versions.size());
  EXPECT_TRUE(versions[0].is_replaced);
  EXPECT_TRUE(versions[1].is_removed);
  EXPECT_FALSE(versions[2].is_replaced || versions[2].is_removed);
  S3Bucket bucket(config_, base::system_clock());
  for (const BlobVersion& version : versions) {
    EXPECT_EQ(LockExtension::Outcome::kLastsLongEnough, storage.extend_lock(version).outcome);
    const base::HttpAnswer answer = bucket.get({.operation = "read",
                                                .key = "one/" + version.name.text(),
                                                .query = {{"versionId", version.id}},
                                                .max_body = 100});
    EXPECT_EQ("first", base::as_text(answer.body));
  }
  config_.lock_for = std::chrono::days(3);
  S3Storage longer(config_, directory_.path(), base::real_file_system(), base::system_clock());
  for (const BlobVersion& version : versions) {
    EXPECT_EQ(LockExtension::Outcome::kExtended, longer.extend_lock(version).outcome);
    EXPECT_EQ(LockExtension::Outcome::kLastsLongEnough, longer.extend_lock(version).outcome);
  }
}

}  // namespace
}  // namespace store
