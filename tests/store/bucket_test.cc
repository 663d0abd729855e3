// A store in a bucket: what it has on this machine, and nothing where the directory of a store
// would be.
#include "store/format/bucket.h"

#include <array>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/format/writer_lock.h"
#include "store/keys/key_ring.h"
#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "store/maintenance/repair.h"
#include "store/maintenance/scratch_index.h"
#include "store/maintenance/storage_probe.h"
#include "store/sealed_records.h"
#include "tests/expect_error.h"
#include "tests/store/simulated_file_system.h"
#include "tests/store/storage/model_bucket.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using tests::StorageFault;

namespace fs = std::filesystem;

class BucketTest : public StoreFixture {
 protected:
  BucketTest() {
    config_.s3.emplace();
    config_.s3->url = "https://storage.invalid";
    config_.s3->bucket = "mail";
    config_.s3->prefix = "one";
    config_.index = directory_ / "index";
    config_.spool = directory_ / "spool";
    config_.key_file = directory_ / "store.key";
    config_.keep_free = 0;
    location_ = location_of(config_);
  }

  void put(const BlobName& name) { bucket_.storage().put(name, base::as_bytes("something")); }

  std::size_t blobs() { return bucket_.storage().contents().size(); }

  CheckReport check_all() {
    CheckOptions options;
    options.depth = CheckDepth::kReadData;
    options.threads = 1;
    return check(location_, files_, options);
  }

  tests::ModelBucket bucket_{"s3://mail/one"};
  base::StoreConfig config_;
};

TEST_F(BucketTest, NeedsNoDirectoryOfAStore) {
  location_.store = directory_ / "nowhere" / "store";
  make_store();
  back_up_at(std::chrono::sys_seconds(std::chrono::days(19'000)), "alice", samples(0, 4));
  back_up_at(std::chrono::sys_seconds(std::chrono::days(19'001)), "alice", samples(2, 4));
  {
    Reader reader = open_reader();
    EXPECT_EQ(samples(2, 4), restore(reader, "alice", "INBOX"));
    EXPECT_EQ(0U, prune(location_, files_, clock_, {}).left);
  }
  EXPECT_THAT(check_all().damage, IsEmpty());
  EXPECT_THAT(repair(location_, files_, clock_).after.damage, IsEmpty());
  fs::remove_all(location_.index);
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_EQ("s3://mail/one", display_name(location_));
  EXPECT_FALSE(fs::exists(directory_ / "nowhere"));
  for (const auto area : {kPacksArea, kCommitsArea, kOwnerArea, kKeysArea, kTreesArea}) {
    EXPECT_ERROR(kInternal, "is not a directory", directory_of_area(location_, area));
  }
}

TEST_F(BucketTest, InitRefusesABucketThatIsInUse) {
  for (const char* area : {"trees", "owner", "quarantine", "index"}) {
    put({area, "0a"});
    EXPECT_ERROR(kUsage, std::string("it contains something already (") + area + "/0a)",
                 (make_store(), 0));
    EXPECT_TRUE(bucket_.storage().remove(std::array{BlobName(area, "0a")}).empty());
  }
  put({"packs", "0a"});
  EXPECT_ERROR(kUsage, "a store already exists there", (make_store(), 0));
  EXPECT_EQ(1U, blobs());
}

TEST_F(BucketTest, OneProcessOfThisMachineWrites) {
  make_store();
  const auto lock = lock_for_writing(location_, files_);
  EXPECT_TRUE(fs::exists(location_.index / "local" / "lock"));
  EXPECT_ERROR(kBusy, "open store s3://mail/one: another mailstow process",
               lock_for_writing(location_, files_));
  const ScratchIndex scratch(location_, files_, "repair");
  EXPECT_ERROR(kBusy, "another mailstow process", lock_for_writing(scratch.location(), files_));
}

TEST_F(BucketTest, ThisMachineKeepsRoomFree) {
  tests::SimulatedFileSystem disk;
  location_.keep_free = 3'000'000;
  init(location_, disk, clock_);
  disk.set_free_space(2'000'000);
  EXPECT_ERROR(kNoSpace, "only 2 MB are free in " + location_.index.string(),
               Writer::open(location_, disk, clock_));
  disk.set_free_space(3'000'000);
  EXPECT_NO_THROW(Writer::open(location_, disk, clock_));
}

TEST_F(BucketTest, PruneRewritesNoPackOnlyToCompressItHarder) {
  EXPECT_EQ(0U, usual_limits(location_).max_recompressed);
  EXPECT_EQ(50U, usual_limits(location_).dead_percent);
  const Location directory{.store = directory_, .index = {}, .key_file = {}};
  EXPECT_EQ(ChoiceLimits().max_recompressed, usual_limits(directory).max_recompressed);
  EXPECT_EQ(ChoiceLimits().dead_percent, usual_limits(directory).dead_percent);
}

TEST_F(BucketTest, AnExportedKeyOpensNoEmptyBucket) {
  make_store();
  const base::Secret exported = export_key(location_, files_);
  const tests::ModelBucket other("s3://mail/other");
  config_.s3->prefix = "other";
  EXPECT_ERROR(kNotFound, "open store s3://mail/other: not found",
               replace_key_file_from_export(location_of(config_), files_, clock_,
                                            base::as_bytes(exported.reveal())));
}

TEST_F(BucketTest, TheRestoreDeskNotesItsChangesBesideTheIndex) {
  make_store();
  SealedRecords::open(location_, files_).put("job", "1", "text");
  EXPECT_TRUE(fs::exists(local_directory(location_) / "desk-changes"));
  fs::remove(SealedRecords::file(location_));
  EXPECT_ERROR(kDamaged, "an older state of it was put back",
               SealedRecords::open(location_, files_));
}

TEST_F(BucketTest, AProcessOpensABucketOnce) {
  EXPECT_EQ(location_.storage, location_of(config_).storage);
}

TEST_F(BucketTest, AProbeLeavesNothing) {
  const StorageProbe probe = probe_storage(location_, files_);
  EXPECT_EQ("", probe.failure);
  EXPECT_EQ("", probe.not_removed);
  EXPECT_TRUE(probe.creates_once);
  EXPECT_EQ(0U, blobs());
}

TEST_F(BucketTest, AProbeSaysWhatIsWrong) {
  for (std::uint64_t operation = 1; operation <= 4; ++operation) {
    SCOPED_TRACE(operation);
    const std::uint64_t next = bucket_.storage().operations() + operation;
    bucket_.storage().fail_once_at(next, StorageFault::kRefused);
    const StorageProbe refused = probe_storage(location_, files_);
    EXPECT_THAT(refused.failure, HasSubstr("the model refuses it"));
    EXPECT_THAT(refused.remedy, HasSubstr("its rights"));
    const bool is_removal = operation == 4;
    EXPECT_EQ(is_removal ? 1U : 0U, blobs());
  }
  bucket_.storage().fail_every(1, StorageFault::kNotDone);
  const StorageProbe unanswered = probe_storage(location_, files_);
  EXPECT_THAT(unanswered.failure, HasSubstr("no answer"));
  EXPECT_THAT(unanswered.remedy, HasSubstr("store.s3.url"));
}

}  // namespace
}  // namespace store
