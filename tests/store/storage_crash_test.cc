// A program that dies at each request to its storage in turn, and the next one, which sees listings
// that are late and lack names: what was acknowledged is there, nothing is there that never was,
// and no damage is reported.
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/format/layout.h"
#include "store/format/pack.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/repair.h"
#include "tests/long_run.h"
#include "tests/store/model_store.h"
#include "tests/store/storage/model_storage.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::IsEmpty;
using tests::StorageFault;

namespace fs = std::filesystem;

tests::StorageFaults stale_listings(std::uint64_t seed) {
  return {.seed = static_cast<std::uint32_t>(seed), .late_listings = 5, .missing_names = 40};
}

class StorageCrashTest : public testing::Test {
 protected:
  void start() {
    store_.leave_work_for_prune();
    store_.keep();
    storage_->keep();
  }

  void begin_again() {
    store_.revert();
    storage_->revert();
  }

  void run() {
    try {
      store_.prune(1);
      store_.back_up("bob", 1, 4);
    } catch (const base::Error& error) {  // before it began, when its snapshots were chosen
      EXPECT_EQ(base::ErrorCode::kStorage, error.code()) << error.what();
    }
  }

  std::uint64_t requests() {
    begin_again();
    const std::uint64_t before = storage_->operations();
    run();
    return storage_->operations() - before;
  }

  void expect_sound(bool is_index_lost, std::uint64_t seed) {
    if (is_index_lost) store_.lose_index();
    storage_->set_faults(stale_listings(seed));
    // With it, it is decided whether a commit counts that has no record yet.
    store_.back_up("dave", 40, 1);
    store_.verify();
    store_.back_up("carol", 30, 2);  // messages that were dropped, perhaps between two steps
    store_.prune(1);
    store_.pass(std::chrono::hours(25));
    store_.prune(1);
    store_.verify();
    store_.check();
    storage_->stop_failing();
    store_.reindex();
    store_.verify();
    store_.check();
  }

  std::shared_ptr<tests::ModelStorage> storage_ =
      std::make_shared<tests::ModelStorage>(StorageTraits{.creates_once = true});
  ModelStore store_{storage_};
};

TEST_F(StorageCrashTest, APruneAndABackupThatEndAnywhereLoseNothing) {
  start();
  const std::uint64_t last = requests();
  ASSERT_GT(last, 40U);
  tests::Sample sample(151);
  for (std::uint64_t request = 1; request <= last; ++request) {
    for (const StorageFault fault : {StorageFault::kNotDone, StorageFault::kDone}) {
      for (const bool is_index_lost : {false, true}) {
        if (!sample.takes_next()) continue;
        SCOPED_TRACE(fmt::format("request {} of {}, fault {}, index lost: {}", request, last,
                                 static_cast<int>(fault), is_index_lost));
        begin_again();
        storage_->fail_for_good_from(storage_->operations() + request, fault);
        run();
        storage_->stop_failing();
        expect_sound(is_index_lost, request);
        if (HasFailure()) return;
      }
    }
  }
}

class StorageRepairCrashTest : public StoreFixture {
 protected:
  static constexpr std::string_view kDamagedAccount = "carol";

  StorageRepairCrashTest() {
    location_.storage = storage_;
    make_store();
    for (const auto& [account, first] : first_messages_) back_up(account, first);
    damage_newest_pack();
    storage_->keep();
    copy_all(location_.index, kept_ / "index");
    copy_all(location_.key_file.parent_path(), kept_ / "etc");
  }

  static void copy_all(const base::Path& from, const base::Path& to) {
    fs::remove_all(to);
    fs::create_directories(to.parent_path());
    fs::copy(from, to, fs::copy_options::recursive);
  }

  // In a pack of its own, with attachments of its own.
  void back_up(const std::string& account, unsigned first) {
    const auto packs = contents_of_packs();
    back_up_at(std::chrono::sys_seconds(std::chrono::seconds(100)), account, samples(first, 3));
    for (const auto& [name, bytes] : contents_of_packs()) {
      if (!packs.contains(name)) newest_pack_ = name;
    }
  }

  std::map<BlobName, base::Bytes> contents_of_packs() const {
    std::map<BlobName, base::Bytes> packs = storage_->contents();
    std::erase_if(packs, [](const auto& blob) { return blob.first.area() != kPacksArea; });
    return packs;
  }

  // Its attachments are lost.
  void damage_newest_pack() {
    const BlockContext context = open_keys(location_, files_);
    const PackName name = pack_name(newest_pack_->key()).value();
    Decompressor decompressor;
    const Pack pack = PackFile::open(*storage_, name).read_trailer(context, name, decompressor);
    const auto block = std::ranges::find(pack.blocks, Stream::kBinaries, &BlockEntry::stream);
    ASSERT_TRUE(block != pack.blocks.end());
    base::Bytes bytes = contents_of_packs().at(*newest_pack_);
    bytes.at(block->place + BlockHeader::kSize + 3) ^= std::byte{1};
    storage_->replace(*newest_pack_, bytes);
  }

  // Also with the marks of the highest commit.
  void begin_again() {
    storage_->revert();
    copy_all(kept_ / "index", location_.index);
    copy_all(kept_ / "etc", location_.key_file.parent_path());
  }

  void expect_repaired() {
    EXPECT_THAT(repair(location_, files_, clock_).after.damage, IsEmpty());
    Reader reader = open_reader();
    for (const auto& [account, first] : first_messages_) {
      if (account == kDamagedAccount) continue;
      EXPECT_EQ(samples(first, 3), restore(reader, account, "INBOX")) << account;
    }
    EXPECT_THAT(reader.accounts(), testing::ElementsAre("alice", "bob", "carol"));
  }

  std::shared_ptr<tests::ModelStorage> storage_ =
      std::make_shared<tests::ModelStorage>(StorageTraits{.creates_once = true});
  std::map<std::string, unsigned> first_messages_{{"alice", 0}, {"bob", 3}, {"carol", 6}};
  std::optional<BlobName> newest_pack_;
  base::Path kept_ = directory_ / "kept";
};

TEST_F(StorageRepairCrashTest, ARepairThatEndsAnywhereCanBeRunAgain) {
  const std::uint64_t before = storage_->operations();
  expect_repaired();
  const std::uint64_t last = storage_->operations() - before;
  tests::Sample sample(67);
  for (std::uint64_t request = 1; request <= last; ++request) {
    for (const StorageFault fault : {StorageFault::kNotDone, StorageFault::kDone}) {
      if (!sample.takes_next()) continue;
      SCOPED_TRACE(
          fmt::format("request {} of {}, fault {}", request, last, static_cast<int>(fault)));
      begin_again();
      storage_->fail_for_good_from(storage_->operations() + request, fault);
      try {
        repair(location_, files_, clock_);
      } catch (const base::Error& error) {
        EXPECT_EQ(base::ErrorCode::kStorage, error.code()) << error.what();
      }
      storage_->stop_failing();
      storage_->set_faults(stale_listings(request));
      EXPECT_NO_THROW(repair(location_, files_, clock_));
      storage_->stop_failing();
      expect_repaired();
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace store
