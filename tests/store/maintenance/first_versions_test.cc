// What an attacker does to the objects of a bucket that keeps versions: what the store needs of
// them is read in the first versions, found by checks, and put back by repairs.
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/block.h"
#include "store/format/compression.h"
#include "store/format/pack.h"
#include "store/format/right_version.h"
#include "store/format/writer_lock.h"
#include "store/index/ownership.h"
#include "store/keys/key_ring.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/check.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/past_index.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "store/maintenance/repair.h"
#include "store/pack_writer.h"
#include "store/tree_record.h"
#include "tests/expect_error.h"
#include "tests/store/storage/model_storage.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

namespace fs = std::filesystem;

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// Refuses so many uploads, as for want of a permission.
class WaryStorage : public tests::ModelStorage {
 public:
  using ModelStorage::ModelStorage;

  std::unique_ptr<Upload> upload(std::string_view area) override {
    if (refused_uploads == 0) return ModelStorage::upload(area);
    --refused_uploads;
    throw StorageError(Trouble::kRefused, "upload: it is not permitted");
  }

  unsigned refused_uploads = 0;
};

class FirstVersionsTest : public StoreFixture {
 protected:
  static constexpr unsigned kNights = 4;

  FirstVersionsTest() {
    location_.storage = model_;
    make_store();
    model_->keep_versions();
    for (unsigned night = 1; night <= kNights; ++night) {
      back_up_at(std::chrono::sys_seconds(std::chrono::days(19'000 + night)), "alice",
                 samples(0, night));
    }
  }

  std::vector<BlobName> blobs_in(const std::string& area) const {
    std::vector<BlobName> names;
    for (const auto& [name, bytes] : model_->contents()) {
      if (name.area() == area) names.push_back(name);
    }
    return names;
  }

  void remove(const std::vector<BlobName>& names) const {
    EXPECT_THAT(model_->remove(names), IsEmpty());
  }

  void replace(const std::vector<BlobName>& names) const {
    for (const BlobName& name : names) model_->replace(name, base::as_bytes("other bytes"));
  }

  std::vector<std::string> restored() {
    Reader reader = open_reader();
    return restore(reader, "alice", "INBOX");
  }

  void drop_everything() {
    std::set<ObjectId> all;
    for (const SnapshotInfo& snapshot : open_reader().snapshots("alice")) all.insert(snapshot.id);
    EXPECT_EQ(kNights, drop_snapshots(location_, files_, clock_, all));
  }

  std::uint64_t packs_in_index() { return open_reader().size().packs; }

  // Which versions are read is forgotten at the end of a process.
  void begin_process() const {
    for (const BlobName& name : all_) model_->choose_version(name, "");
  }

  // From now on, begin_process() knows all that is there.
  void remember_names() {
    for (const auto& [name, bytes] : model_->contents()) all_.push_back(name);
  }

  // The pack with one byte of an attachment changed, by an attacker who has the store's key.
  base::Bytes forged(const BlobName& name) const {
    const BlockContext context = open_keys(location_, files_);
    const PackName pack = pack_name(name.key()).value();
    Decompressor decompressor;
    Compressor compressor(compression_level(Effort::kFast));
    base::Bytes bytes = model_->contents().at(name);
    PackFile file = PackFile::open(*model_, pack);
    const Pack contents = file.read_trailer(context, pack, decompressor);
    for (std::size_t at = 0; at < contents.blocks.size(); ++at) {
      const BlockEntry& block = contents.blocks[at];
      if (block.stream != Stream::kBinaries) continue;
      const base::Bytes sealed = file.read_block(block.place, block.sealed_length);
      base::Bytes plain =
          open_block(context, block.header(contents.id, at), sealed, decompressor, "block");
      plain[100] ^= std::byte{1};
      const base::Bytes changed =
          seal_block(context, block.header(contents.id, at), plain, compressor);
      EXPECT_EQ(sealed.size(), changed.size()) << "random bytes can't be compressed";
      std::ranges::copy(changed, bytes.begin() + static_cast<std::ptrdiff_t>(block.place));
    }
    return bytes;
  }

  const std::shared_ptr<WaryStorage> model_ = std::make_shared<WaryStorage>(StorageTraits{});
  std::vector<BlobName> all_;
};

TEST_F(FirstVersionsTest, PacksThatWereDeletedAreRead) {
  remove(blobs_in("packs"));
  EXPECT_EQ(samples(0, kNights), restored());
}

TEST_F(FirstVersionsTest, PacksThatWereReplacedAreRead) {
  replace(blobs_in("packs"));
  EXPECT_EQ(samples(0, kNights), restored());
}

TEST_F(FirstVersionsTest, PacksThatWereForgedWithTheKeyAreRead) {
  bool has_changed = false;
  for (const BlobName& name : blobs_in("packs")) {
    const base::Bytes bytes = forged(name);
    has_changed = has_changed || bytes != model_->contents().at(name);
    model_->replace(name, bytes);
  }
  EXPECT_TRUE(has_changed);
  EXPECT_EQ(samples(0, kNights), restored());
}

TEST_F(FirstVersionsTest, WithoutARightVersionAPackIsDamaged) {
  const auto other = std::make_shared<tests::ModelStorage>(StorageTraits{});
  for (const auto& [name, bytes] : model_->contents()) {
    other->put(name, name.area() == "packs" ? base::to_bytes("other bytes") : bytes);
  }
  other->keep_versions();
  location_.storage = other;
  EXPECT_ERROR(kDamaged, "read", restored());
}

TEST_F(FirstVersionsTest, AStoreThatIsWellPaysNothing) {
  EXPECT_EQ(samples(0, kNights), restored());
  { const Writer writer = open_writer(); }
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_EQ(0U, model_->operations("versions"));
}

TEST_F(FirstVersionsTest, WhatAPruneDeletesStaysDeleted) {
  const std::vector<BlobName> before = blobs_in("packs");
  prune(location_, files_, clock_, {.drop = {}, .grace = std::chrono::hours(24)});
  clock_.moment += std::chrono::hours(25);
  prune(location_, files_, clock_, {.drop = {}, .grace = std::chrono::hours(24)});
  for (const BlobName& pack : before) EXPECT_THAT(blobs_in("packs"), Not(Contains(pack)));
  const std::uint64_t packs = packs_in_index();
  fs::remove_all(location_.index);
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_EQ(packs, packs_in_index());
  EXPECT_EQ(samples(0, kNights), restored());
  EXPECT_EQ(0U, model_->operations("versions"));
  EXPECT_THAT(check(location_, files_, {}).damage, IsEmpty());
}

TEST_F(FirstVersionsTest, AnOlderIndexRevivesNoPackThatAPruneHasDeleted) {
  const base::Path older = directory_ / "older-index";
  fs::copy(location_.index, older, fs::copy_options::recursive);
  prune(location_, files_, clock_, {.drop = {}, .grace = std::chrono::hours(24)});
  clock_.moment += std::chrono::hours(25);
  prune(location_, files_, clock_, {.drop = {}, .grace = std::chrono::hours(24)});
  const std::uint64_t packs = packs_in_index();
  fs::remove_all(location_.index);
  fs::rename(older, location_.index);
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_EQ(packs, packs_in_index());
  EXPECT_EQ(samples(0, kNights), restored());
}

TEST_F(FirstVersionsTest, AnIndexIsRebuiltFromFirstVersions) {
  replace(blobs_in("commits"));
  std::vector<BlobName> packs = blobs_in("packs");
  replace({packs.back()});
  fs::remove_all(location_.index);
  EXPECT_THAT(reindex(location_, files_).damage,
              testing::ElementsAre(HasSubstr(packs.back().key() + ": it was deleted or replaced")));
  EXPECT_EQ(samples(0, kNights), restored());
}

TEST_F(FirstVersionsTest, KeySlotsThatWereReplacedOrDeletedOpen) {
  replace(blobs_in("keys"));
  EXPECT_EQ(samples(0, kNights), restored());
  remove(blobs_in("keys"));
  EXPECT_EQ(samples(0, kNights), restored());
}

TEST_F(FirstVersionsTest, RecordsOfTreesAndOwnersThatWereReplacedAreReadAndPutBack) {
  TreeRecord tree;
  tree.id = TreeRecords::new_id();
  tree.account = "alice";
  TreeRecords::open(location_, files_).put(tree);
  tree.state = TreeState::kComplete;
  TreeRecords::open(location_, files_).put(tree);
  remember_names();
  const std::vector<BlobName> trees = blobs_in("trees");
  const std::vector<BlobName> owners = blobs_in("owner");
  ASSERT_THAT(trees, SizeIs(1));
  ASSERT_THAT(owners, SizeIs(1));
  const auto before = model_->contents();
  replace(owners);
  replace(trees);
  // As if a newer version of mailstow had put it.
  model_->replace(trees.front(), base::to_bytes("MSTWTREE" + std::string(120, 'x')));
  EXPECT_TRUE(owner_of(*model_, open_keys(location_, files_)).has_value());
  const TreeRecords::Listing listing = TreeRecords::open(location_, files_).list();
  EXPECT_THAT(listing.records, testing::ElementsAre(tree));
  EXPECT_THAT(listing.damaged, IsEmpty());
  begin_process();
  const std::vector<std::string> found = check(location_, files_, {}).damage;
  EXPECT_THAT(found, SizeIs(2));
  EXPECT_THAT(found, Contains(HasSubstr(trees.front().text() + ": it was replaced")));
  EXPECT_THAT(found, Contains(HasSubstr(owners.front().text() + ": it was replaced")));
  begin_process();
  const RepairReport repaired = repair(location_, files_, clock_);
  EXPECT_THAT(repaired.put_back, SizeIs(2));
  EXPECT_THAT(repaired.after.damage, IsEmpty());
  begin_process();
  for (const BlobName& name : {trees.front(), owners.front()}) {
    EXPECT_EQ(before.at(name), model_->contents()[name]) << name.text();
  }
}

TEST_F(FirstVersionsTest, ARecordOfATreeThatWasDeletedStaysDeleted) {
  TreeRecord tree;
  tree.id = TreeRecords::new_id();
  tree.account = "alice";
  TreeRecords::open(location_, files_).put(tree);
  const std::vector<BlobName> trees = blobs_in("trees");
  remove(trees);
  EXPECT_THAT(TreeRecords::open(location_, files_).list().records, IsEmpty());
  EXPECT_THAT(check(location_, files_, {}).damage, IsEmpty());
  EXPECT_THAT(repair(location_, files_, clock_).put_back, IsEmpty());
  EXPECT_THAT(blobs_in("trees"), IsEmpty());
  replace(trees);  // takes no more than the right to write
  begin_process();
  const TreeRecords::Listing listing = TreeRecords::open(location_, files_).list();
  EXPECT_THAT(listing.records, IsEmpty());
  EXPECT_THAT(listing.damaged, SizeIs(1));
  EXPECT_THAT(repair(location_, files_, clock_).put_back, IsEmpty());
  EXPECT_THAT(TreeRecords::open(location_, files_).list().records, IsEmpty());
}

TEST_F(FirstVersionsTest, AKeyThatWasRemovedStaysRemoved) {
  Location with_other = location_;
  with_other.key_file = directory_ / "other.key";
  const std::string id = add_key_file(location_, files_, clock_, with_other.key_file);
  EXPECT_EQ(2U, list_keys(with_other, files_).size());
  EXPECT_NO_THROW(Reader::open(with_other, files_));
  remove_key(location_, files_, id);
  EXPECT_ERROR(kKey, "is not a key of this store", Reader::open(with_other, files_));
}

// Its first version is listed then, and looks as if an attacker had deleted it.
TEST_F(FirstVersionsTest, ARepairOfFirstVersionsPutsBackNoKeyThatWasRemoved) {
  Location with_other = location_;
  with_other.key_file = directory_ / "other.key";
  const std::string id = add_key_file(location_, files_, clock_, with_other.key_file);
  remember_names();
  remove_key(location_, files_, id);
  ASSERT_THAT(reindex(location_, files_, {.versions = Versions::kFirst}).damage, IsEmpty());
  EXPECT_THAT(check(location_, files_, {}).damage, IsEmpty());
  EXPECT_THAT(repair(location_, files_, clock_).put_back, IsEmpty());
  begin_process();
  EXPECT_THAT(list_keys(location_, files_), SizeIs(1));
  EXPECT_ERROR(kKey, "is not a key of this store", Reader::open(with_other, files_));
  EXPECT_THAT(open_writer().damage(), IsEmpty());
}

TEST_F(FirstVersionsTest, ARepairPutsBackTheKeyThatOpensTheStore) {
  remember_names();
  const std::vector<BlobName> slots = blobs_in("keys");
  remove(slots);
  EXPECT_THAT(repair(location_, files_, clock_).put_back, SizeIs(slots.size()));
  begin_process();
  EXPECT_EQ(slots, blobs_in("keys"));
}

// As init makes the first slot of every store.
TEST_F(FirstVersionsTest, TheSlotOfAnEarlierStoreIsNotPutBack) {
  std::vector<BlobName> all;
  for (const auto& [name, bytes] : model_->contents()) all.push_back(name);
  remove(all);
  fs::remove_all(location_.index);
  fs::remove_all(location_.key_file.parent_path());
  make_store();
  back_up_at(std::chrono::sys_seconds(std::chrono::days(19'100)), "alice", samples(0, 2));
  EXPECT_THAT(check(location_, files_, {}).damage, IsEmpty());
  EXPECT_THAT(repair(location_, files_, clock_).put_back, IsEmpty());
  EXPECT_EQ(samples(0, 2), restored());
}

TEST_F(FirstVersionsTest, WritersReportChecksFindAndRepairsPutBack) {
  const std::vector<BlobName> packs = blobs_in("packs");
  const BlobName record = blobs_in("commits").front();
  const auto before = model_->contents();
  remember_names();
  remove({packs.front(), record});
  replace({packs.back()});
  {
    Writer writer = open_writer();
    EXPECT_THAT(writer.damage(),
                Contains(HasSubstr(packs.front().key() + ": it was deleted or replaced")));
    for (const std::string& message : samples(0, kNights)) {
      EXPECT_FALSE(add_message(writer, message).is_new);
    }
  }
  {
    const Writer writer = open_writer();  // of the same process
    EXPECT_THAT(writer.damage(),
                Contains(HasSubstr(packs.front().key() + ": it was deleted or replaced")));
  }
  begin_process();
  const std::vector<std::string> found = check(location_, files_, {}).damage;
  EXPECT_THAT(found, SizeIs(3));
  EXPECT_THAT(found, Contains(HasSubstr(packs.front().text() + ": it was deleted in the storage")));
  EXPECT_THAT(found, Contains(HasSubstr(packs.back().text() + ": it was replaced")));
  EXPECT_THAT(found, Contains(HasSubstr(record.text() + ": it was deleted in the storage")));
  begin_process();
  const RepairReport repaired = repair(location_, files_, clock_);
  EXPECT_THAT(repaired.put_back, SizeIs(3));
  EXPECT_THAT(repaired.condemned, IsEmpty());
  EXPECT_THAT(repaired.after.damage, IsEmpty());
  begin_process();
  for (const BlobName& name : {packs.front(), packs.back(), record}) {
    EXPECT_EQ(before.at(name), model_->contents()[name]) << name.text();
  }
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_EQ(samples(0, kNights), restored());
}

TEST_F(FirstVersionsTest, WhatIsReadAsItWasFirstIsNotWrittenUntilItIsPutBack) {
  remember_names();
  const std::vector<BlobName> packs = blobs_in("packs");
  const std::vector<BlobName> records = blobs_in("commits");
  remove(packs);
  remove(records);
  replace(blobs_in("keys"));
  fs::remove_all(location_.index);
  const ReindexReport report = reindex(location_, files_, {.versions = Versions::kFirst});
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_EQ(packs.size(), report.packs);
  begin_process();
  EXPECT_EQ(samples(0, kNights), restored());
  EXPECT_ERROR(kConfig, "run mailstow-backupd check --repair", open_writer());
  begin_process();
  const RepairReport repaired = repair(location_, files_, clock_);
  EXPECT_EQ(packs.size() + records.size() + 2, repaired.put_back.size());
  EXPECT_THAT(repaired.after.damage, IsEmpty());
  begin_process();
  EXPECT_EQ(packs, blobs_in("packs"));
  EXPECT_EQ(records, blobs_in("commits"));
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_EQ(samples(0, kNights), restored());
}

// Otherwise the end of the repair could not write to the store.
TEST_F(FirstVersionsTest, ARepairEndsReadingThemAlsoIfItCantPutAllBack) {
  remember_names();
  const BlobName pack = blobs_in("packs").front();
  remove({pack});
  ASSERT_THAT(reindex(location_, files_, {.versions = Versions::kFirst}).damage, IsEmpty());
  begin_process();
  model_->refused_uploads = 1;
  const RepairReport repaired = repair(location_, files_, clock_);
  EXPECT_EQ(0U, model_->refused_uploads);
  EXPECT_THAT(repaired.put_back, IsEmpty());
  EXPECT_THAT(repaired.found, Contains(HasSubstr("it is not permitted")));
  EXPECT_THAT(repaired.found, Contains(HasSubstr(pack.text() + ": it was deleted")));
  begin_process();
  EXPECT_NO_THROW(open_writer());
  begin_process();
  EXPECT_EQ(samples(0, kNights), restored());
}

TEST_F(FirstVersionsTest, ARepairWithAnOlderIndexPutsBackNoPackThatAPruneHasDeleted) {
  const std::vector<BlobName> before = blobs_in("packs");
  const base::Path older = directory_ / "older-index";
  fs::copy(location_.index, older, fs::copy_options::recursive);
  prune(location_, files_, clock_, {.drop = {}, .grace = std::chrono::hours(24)});
  clock_.moment += std::chrono::hours(25);
  prune(location_, files_, clock_, {.drop = {}, .grace = std::chrono::hours(24)});
  fs::remove_all(location_.index);
  fs::rename(older, location_.index);
  EXPECT_THAT(repair(location_, files_, clock_).put_back, IsEmpty());
  for (const BlobName& pack : before) EXPECT_THAT(blobs_in("packs"), Not(Contains(pack)));
  EXPECT_EQ(samples(0, kNights), restored());
}

TEST_F(FirstVersionsTest, NothingIsPutBackWithAWrongClock) {
  const BlobName pack = blobs_in("packs").front();
  remove({pack});
  model_->set_clock_lead(std::chrono::hours(1));
  EXPECT_ERROR(kStorage, "this machine's clock is", repair(location_, files_, clock_));
  EXPECT_THAT(blobs_in("packs"), Not(Contains(pack)));
}

TEST_F(FirstVersionsTest, AReindexEndsReadingThem) {
  ASSERT_THAT(reindex(location_, files_, {.versions = Versions::kFirst}).damage, IsEmpty());
  EXPECT_ERROR(kConfig, "or reindex", open_writer());
  ASSERT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_THAT(open_writer().damage(), IsEmpty());
}

TEST_F(FirstVersionsTest, AReindexThatFailsChangesNoVersions) {
  remember_names();
  ASSERT_THAT(reindex(location_, files_, {.versions = Versions::kFirst}).damage, IsEmpty());
  begin_process();
  {
    const auto lock = lock_for_writing(location_, files_);
    EXPECT_ERROR(kBusy, "another mailstow process", reindex(location_, files_));
  }
  EXPECT_ERROR(kConfig, "or reindex", open_writer());  // which the index is still of
  EXPECT_EQ(samples(0, kNights), restored());
}

TEST_F(FirstVersionsTest, AsOfAnEarlierCommitEverythingIsReadAsItWasFirst) {
  const std::vector<BlobName> packs = blobs_in("packs");
  remember_names();
  drop_everything();
  for (unsigned round = 1; round <= 2; ++round) {
    prune(location_, files_, clock_, {.drop = {}, .grace = std::chrono::hours(24)});
    clock_.moment += std::chrono::hours(25);
  }
  for (const BlobName& pack : packs) EXPECT_THAT(blobs_in("packs"), Not(Contains(pack)));
  replace(blobs_in("packs"));
  replace(blobs_in("commits"));
  replace({blobs_in("keys").front()});
  remember_names();
  fs::remove_all(location_.index);
  const WantedCommit wanted =
      parse_wanted_commit(std::to_string(kNights), "UTC", clock_.now_seconds());
  for (unsigned process = 1; process <= 2; ++process) {
    SCOPED_TRACE(process);
    begin_process();
    const OpenedPast past = open_past(location_, files_, wanted);
    EXPECT_EQ(kNights, past.commit.number);
    EXPECT_THAT(past.damage, IsEmpty());
    Reader reader = Reader::open(past.location, files_);
    EXPECT_EQ(samples(0, kNights), restore(reader, "alice", "INBOX"));
    EXPECT_THAT(check(past.location, files_, {}).damage, IsEmpty());
  }
}

TEST_F(FirstVersionsTest, AsOfAnEarlierCommitAKeyThatWasRemovedStaysRemoved) {
  Location with_other = location_;
  with_other.key_file = directory_ / "other.key";
  remove_key(location_, files_, add_key_file(location_, files_, clock_, with_other.key_file));
  const WantedCommit wanted = parse_wanted_commit("1", "UTC", clock_.now_seconds());
  EXPECT_ERROR(kKey, "is not a key of this store", open_past(with_other, files_, wanted));
}

TEST_F(FirstVersionsTest, WithoutVersionsThereIsNothingToRead) {
  const auto other = std::make_shared<tests::ModelStorage>(StorageTraits{});
  for (const auto& [name, bytes] : model_->contents()) other->put(name, bytes);
  location_.storage = other;
  EXPECT_ERROR(kConfig, "keeps no versions",
               reindex(location_, files_, {.versions = Versions::kFirst}));
  EXPECT_NO_THROW(open_writer()) << "nothing was noted";
}

}  // namespace
}  // namespace store
