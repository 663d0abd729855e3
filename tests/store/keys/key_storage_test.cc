// Key slots in a storage that loses answers and whose listings lack names.
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/keys/key_ring.h"
#include "store/keys/key_slot.h"
#include "tests/expect_error.h"
#include "tests/store/storage/model_storage.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using tests::ModelStorage;
using tests::StorageFault;

class KeyStorageTest : public StoreFixture {
 protected:
  KeyStorageTest() { use({.creates_once = true, .lists_at_once = true}); }

  void use(const StorageTraits& traits) {
    storage_ = std::make_shared<ModelStorage>(traits);
    location_.storage = storage_;
  }

  // The same storage, from another machine.
  Location elsewhere(const std::string& name) const {
    return {.store = directory_ / (name + "-store"),
            .index = directory_ / (name + "-index"),
            .key_file = directory_ / (name + ".key"),
            .storage = location_.storage};
  }

  std::shared_ptr<ModelStorage> storage_;
};

TEST_F(KeyStorageTest, InitDoesNotTakeAListingForAnEmptyStorage) {
  int number = 0;
  for (const StorageTraits& traits : {StorageTraits{}, StorageTraits{.creates_once = true}}) {
    use(traits);
    const Location first = elsewhere("first" + std::to_string(++number));
    const Location second = elsewhere("second" + std::to_string(number));
    init(first, files_, clock_);
    const auto contents = storage_->contents();
    storage_->set_faults({.missing_names = 100});
    EXPECT_ERROR(kUsage, "a store already exists there", (init(second, files_, clock_), 0));
    EXPECT_EQ(contents, storage_->contents());
    EXPECT_NO_THROW(open_keys(first, files_)) << "nor does the store look empty afterwards";
  }
}

// A host whose listing is late lists nothing and passes the first look.
TEST_F(KeyStorageTest, OfTwoThatMakeAStoreOneWins) {
  const StoreId store{};
  const Key master = random_key();
  const auto slot = [&] {
    return wrap_for_key_file(store, master, random_key(), clock_.now_seconds(), kFirstSlot);
  };
  EXPECT_EQ(Created::kYes, write_first_slot(*storage_, slot()));
  const auto written = storage_->contents();
  EXPECT_EQ(Created::kExists, write_first_slot(*storage_, slot()));
  EXPECT_EQ(written, storage_->contents());
}

TEST_F(KeyStorageTest, AfterALostAnswerInitIsRepeatedOrTheStoreIsThere) {
  int number = 0;
  for (const StorageFault fault : {StorageFault::kDone, StorageFault::kNotDone}) {
    for (std::uint64_t operation = 1; operation <= 9; ++operation) {
      SCOPED_TRACE(operation);
      use({.creates_once = true, .lists_at_once = true});
      const Location location = elsewhere(std::to_string(++number));
      storage_->fail_once_at(operation, fault);
      bool has_failed = false;
      try {
        init(location, files_, clock_);
      } catch (const StorageError&) {
        has_failed = true;
      }
      storage_->stop_failing();
      if (has_failed) {
        try {
          init(location, files_, clock_);
        } catch (const base::Error& error) {
          EXPECT_EQ(base::ErrorCode::kUsage, error.code()) << error.what();
        }
      }
      EXPECT_NO_THROW(open_keys(location, files_));
      EXPECT_THAT(read_slots(*storage_).slots, SizeIs(1));
    }
  }
}

TEST_F(KeyStorageTest, ACopyThatAListingLacksIsNotMissing) {
  use({.creates_once = true});
  make_store();
  add_passphrase(location_, files_, clock_, base::Secret("words"));
  ASSERT_THAT(read_slots(*storage_).slots, SizeIs(2));
  std::size_t most = 0;
  for (std::uint32_t seed = 1; seed <= 40; ++seed) {
    storage_->set_faults({.seed = seed, .late_listings = 3, .missing_names = 40});
    const SlotListing listing = read_slots(*storage_);
    EXPECT_THAT(listing.damaged, IsEmpty()) << seed;
    EXPECT_GE(listing.slots.size(), 1U) << seed;
    most = std::max(most, listing.slots.size());
    EXPECT_NO_THROW(open_keys(location_, files_)) << seed;
  }
  EXPECT_EQ(2U, most);
}

TEST_F(KeyStorageTest, AStorageThatDoesNotAnswerIsNoDamage) {
  make_store();
  storage_->fail_once_at(storage_->operations() + 2, StorageFault::kRefused);
  EXPECT_ERROR(kStorage, "refuses", read_slots(*storage_));
  storage_->fail_every(1, StorageFault::kNotDone);
  EXPECT_ERROR(kStorage, "no answer", open_keys(location_, files_));
}

}  // namespace
}  // namespace store
