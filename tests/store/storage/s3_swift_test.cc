// S3Storage on a real Swift, besides the promises of every storage (storage_test.cc).
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/storage/s3_probe.h"
#include "store/storage/s3_storage.h"
#include "tests/expect_error.h"
#include "tests/servers/storage/swift.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

class S3SwiftTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { servers::Swift::shared().storage().make_bucket("swift"); }

  tests::TemporaryDirectory directory_;
  base::S3Config config_ = servers::Swift::shared().storage().config("swift", "a/b");
  BlobName name_{"packs", "a"};
};

TEST_F(S3SwiftTest, IsProvenToCreateNothingOnce) {
  EXPECT_FALSE(prove_creates_once(config_, base::system_clock(), 1));
  S3Storage storage(config_, directory_.path(), base::real_file_system(), base::system_clock());
  EXPECT_THAT(storage.list("probe"), testing::IsEmpty());
}

// It ignores what it does not know of a bucket: a question, and nothing else, may be sent.
TEST_F(S3SwiftTest, TellsLittleAboutItsBucket) {
  S3Storage storage(config_, directory_.path(), base::real_file_system(), base::system_clock());
  storage.put(name_, base::as_bytes("x"));
  const BucketFacts facts = storage.bucket_facts().value();
  EXPECT_FALSE(facts.rules);
  EXPECT_EQ(facts.default_retention.value_or(""), "");
  EXPECT_EQ(storage.size(name_), 1U);
  EXPECT_EQ(clock_difference(storage), "");
  ASSERT_TRUE(storage.clock_lead());
  EXPECT_EQ(storage.try_create({"keys", "once"}, base::as_bytes("x")), std::nullopt);
}

// Swift ignores locks, and would replace an object by the request to extend its lock.
TEST_F(S3SwiftTest, IsRefusedWithObjectLockAndNoObjectChanges) {
  config_.prefix = "locks";
  S3Storage before(config_, directory_.path(), base::real_file_system(), base::system_clock());
  before.put(name_, base::as_bytes("the backup"));
  before.put({"keys", "a"}, base::as_bytes("the key"));
  config_.lock_for = std::chrono::days(35);
  S3Storage storage(config_, directory_.path(), base::real_file_system(), base::system_clock());
  EXPECT_ERROR(kConfig, "object lock does not hold there", storage.upload("packs"));
  EXPECT_ERROR(kConfig, "does not show it", storage.put({"keys", "b"}, base::as_bytes("x")));
  EXPECT_ERROR(kConfig, "object lock", storage.extend_lock({.name = name_, .id = ""}));
  EXPECT_EQ(base::as_text(*storage.get(name_, 100)), "the backup");
  EXPECT_EQ(base::as_text(*storage.get({"keys", "a"}, 100)), "the key");
  EXPECT_THAT(storage.list("packs"), testing::ElementsAre("a"));
  EXPECT_THAT(storage.list("keys"), testing::ElementsAre("a"));
  EXPECT_THAT(storage.list("probe"), testing::IsEmpty());
}

TEST_F(S3SwiftTest, AMissingBucketIsNeverAnEmptyStore) {
  config_.bucket = "missing";
  S3Storage storage(config_, directory_.path(), base::real_file_system(), base::system_clock());
  const auto expect_gone = [](const auto& work) {
    try {
      work();
      ADD_FAILURE() << "it went well";
    } catch (const StorageError& error) {
      EXPECT_EQ(error.trouble(), Trouble::kGone) << error.what();
    }
  };
  expect_gone([&] { storage.get(name_, 10); });
  expect_gone([&] { storage.size(name_); });
  expect_gone([&] { storage.get_tail(name_, 10); });
  expect_gone([&] { storage.list("packs"); });
  expect_gone([&] { storage.put(name_, {}); });
  expect_gone([&] { static_cast<void>(storage.remove(std::vector{name_})); });
}

TEST_F(S3SwiftTest, TheRegionIsFoundOut) {
  config_.region = "eu-west-9";
  S3Storage storage(config_, directory_.path(), base::real_file_system(), base::system_clock());
  storage.put(name_, base::as_bytes("x"));
  EXPECT_EQ(storage.size(name_), 1U);
}

TEST_F(S3SwiftTest, AWrongSecretIsRefused) {
  std::get<base::S3AccessKey>(config_.credentials).secret = {
      .password_file = {}, .password_command = {"echo", "wrong"}, .credential = {}};
  S3Storage storage(config_, directory_.path(), base::real_file_system(), base::system_clock());
  EXPECT_ERROR(kStorage, "SignatureDoesNotMatch", storage.size(name_));
}

TEST_F(S3SwiftTest, BytesThatChangeOnTheirWayAreNotStored) {
  S3Bucket bucket(config_, base::system_clock());
  const base::Bytes bytes = base::to_bytes("other bytes");
  const S3Answer answer = bucket.send({.operation = "write",
                                       .verb = base::HttpVerb::kPut,
                                       .key = "a/b/packs/changed",
                                       .body = base::body_of(bytes),
                                       .max_body = base::HttpAnswer::kMaxErrorBody});
  ASSERT_TRUE(answer.problem);
  EXPECT_EQ(answer.problem->kind, S3Problem::Kind::kUnanswered) << answer.problem->message;
  S3Storage storage(config_, directory_.path(), base::real_file_system(), base::system_clock());
  EXPECT_FALSE(storage.get({"packs", "changed"}, 100));
}

TEST_F(S3SwiftTest, NamesTheBucketInTheHost) {
  config_.names = base::S3Names::kHost;
  config_.url.replace(config_.url.find("127.0.0.1"), 9, "localhost");
  S3Storage storage(config_, directory_.path(), base::real_file_system(), base::system_clock());
  storage.put({"keys", "host"}, base::as_bytes("x"));
  config_ = servers::Swift::shared().storage().config("swift", "a/b");
  S3Storage by_path(config_, directory_.path(), base::real_file_system(), base::system_clock());
  EXPECT_EQ(by_path.size({"keys", "host"}), 1U);
}

TEST_F(S3SwiftTest, APackGoesThroughTheSpool) {
  S3Storage storage(config_, directory_.path() / "spool", base::real_file_system(),
                    base::system_clock());
  const std::unique_ptr<Upload> upload = storage.upload("packs");
  const base::Bytes piece(1'000'000, std::byte{'x'});
  for (int count = 0; count < 3; ++count) upload->write(piece);
  upload->publish("large");
  EXPECT_EQ(storage.size({"packs", "large"}), 3'000'000U);
  EXPECT_EQ(storage.get_range({"packs", "large"}, 2'999'990, 100), base::to_bytes("xxxxxxxxxx"));
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path() / "spool"));
}

}  // namespace
}  // namespace store
