#include "store/keys/key_slot.h"

#include <cstdint>
#include <filesystem>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/keys/key_file.h"
#include "store/storage/directory_storage.h"
#include "tests/expect_error.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class KeySlotTest : public testing::Test {
 protected:
  KeySlotTest() { base::make_directories(files_, keys_); }

  void overwrite(const base::Path& path, base::ByteView bytes) {
    files_.remove(path);
    files_.create(path)->write(bytes);
  }

  base::Path copy(const KeySlot& slot, int number) const {
    return keys_ / (base::to_hex(slot.id) + "." + std::to_string(number));
  }

  Location location(const base::Path& key_file) const {
    return {.store = store_, .index = {}, .key_file = key_file};
  }

  tests::TemporaryDirectory directory_;
  base::Path store_ = directory_.path() / "store";
  base::Path keys_ = store_ / "keys";
  base::FileSystem& files_ = base::real_file_system();
  DirectoryStorage storage_{files_, store_};
  StoreId id_{};
  Key master_ = random_key();
  Key file_key_ = random_key();
};

bool same(const Key& a, const Key& b) {
  return std::ranges::equal(a.view(), b.view());
}

TEST_F(KeySlotTest, TheKeyFileOpensIt) {
  const KeySlot slot = wrap_for_key_file(id_, master_, file_key_, {});
  EXPECT_TRUE(same(master_, open_with_key_file(slot, file_key_).value()));
  EXPECT_FALSE(open_with_key_file(slot, random_key()));
  EXPECT_FALSE(open_with_passphrase(slot, "secret"));
}

TEST_F(KeySlotTest, ThePassphraseOpensIt) {
  const KeySlot slot = wrap_for_passphrase(id_, master_, "correct horse", {});
  EXPECT_TRUE(same(master_, open_with_passphrase(slot, "correct horse").value()));
  EXPECT_FALSE(open_with_passphrase(slot, "battery staple"));
  EXPECT_FALSE(open_with_key_file(slot, file_key_));
}

TEST_F(KeySlotTest, EveryFlippedByteIsFoundAndTheOtherCopyIsUsed) {
  const KeySlot slot = wrap_for_key_file(id_, master_, file_key_, {});
  write_slot(storage_, slot);
  const base::Bytes good = slot.encode();
  for (std::size_t at = 0; at < good.size(); ++at) {
    base::Bytes bad = good;
    bad[at] ^= std::byte{1};
    overwrite(copy(slot, 1), bad);
    const SlotListing listing = read_slots(storage_);
    ASSERT_THAT(listing.slots, SizeIs(1)) << at;
    EXPECT_THAT(listing.damaged, testing::Not(IsEmpty())) << at;
    EXPECT_TRUE(same(master_, open_with_key_file(listing.slots[0], file_key_).value()));
  }
}

TEST_F(KeySlotTest, AMissingCopyIsNamed) {
  const KeySlot slot = wrap_for_key_file(id_, master_, file_key_, {});
  write_slot(storage_, slot);
  EXPECT_THAT(read_slots(storage_).damaged, IsEmpty());
  files_.remove(copy(slot, 1));
  const SlotListing listing = read_slots(storage_);
  EXPECT_THAT(listing.slots, SizeIs(1));
  ASSERT_THAT(listing.damaged, SizeIs(1));
  EXPECT_THAT(listing.damaged[0], HasSubstr("one of its two copies is missing"));
}

TEST_F(KeySlotTest, AnyOfSeveralSlotsOpensTheStore) {
  const base::Path key_file = directory_.path() / "store.key";
  create_key_file(files_, key_file);
  write_slot(storage_, wrap_for_passphrase(id_, master_, "words", {}));
  EXPECT_ERROR(kKey, "is not a key of this store", open_keys(location(key_file), files_));
  const KeySlot slot = wrap_for_key_file(id_, master_, load_key_file(files_, key_file), {});
  write_slot(storage_, slot);
  EXPECT_TRUE(same(Keys::derive(master_).ids, open_keys(location(key_file), files_).keys.ids));
  remove_slot(storage_, slot.id);
  EXPECT_ERROR(kKey, "is not a key of this store", open_keys(location(key_file), files_));
}

TEST_F(KeySlotTest, ASlotWithUnlawfulCostsIsDamaged) {
  KeySlot slot = wrap_for_passphrase(id_, master_, "words", {});
  for (const auto& [operations, memory] : {
           std::pair<std::uint64_t, std::uint64_t>{0, 0},
           {0, 64 << 20},
           {3, 0},
           {3, 8'191},
           {11, 64 << 20},
           {100, 64 << 20},
           {3, (64 << 20) + 1},
       }) {
    slot.operations = operations;
    slot.memory = memory;
    EXPECT_FALSE(KeySlot::decode(slot.encode())) << operations << ' ' << memory;
  }
  slot.operations = 1;
  slot.memory = 8'192;
  EXPECT_TRUE(KeySlot::decode(slot.encode()));
  slot.kind = SlotKind::kKeyFile;
  EXPECT_FALSE(KeySlot::decode(slot.encode()));
}

// Without the key a slot can be made whose checksum is right.
TEST_F(KeySlotTest, ForgedSlotsThatSortFirstKeepNoKeyFromOpeningTheStore) {
  const base::Path key_file = directory_.path() / "store.key";
  create_key_file(files_, key_file);
  write_slot(storage_, wrap_for_key_file(id_, master_, load_key_file(files_, key_file), {}));
  write_slot(storage_, wrap_for_passphrase(id_, master_, "words", {}));
  for (unsigned number = 0; number < 20; ++number) {
    KeySlot forged;
    forged.kind = number % 2 == 0 ? SlotKind::kPassphrase : SlotKind::kKeyFile;
    forged.id[7] = static_cast<std::byte>(number);
    if (forged.kind == SlotKind::kPassphrase) {
      forged.operations = number % 4 == 0 ? 1 : 100;
      forged.memory = number % 4 == 0 ? 8'192 : 0;
    }
    write_slot(storage_, forged);
  }
  EXPECT_TRUE(same(master_, open_master_with_passphrase(location({}), files_, "words").master));
  EXPECT_TRUE(same(master_, open_master(location(key_file), files_).master));
}

TEST_F(KeySlotTest, ASlotOfAnotherStoreIsReported) {
  StoreId other{};
  other[0] = std::byte{1};
  write_slot(storage_, wrap_for_key_file(id_, master_, file_key_, {}));
  write_slot(storage_, wrap_for_key_file(other, master_, file_key_, {}));
  EXPECT_THAT(read_slots(storage_).damaged, IsEmpty());
  const SlotListing listing = read_slots(storage_, &id_);
  EXPECT_THAT(listing.slots, SizeIs(1));
  EXPECT_THAT(listing.damaged_files, SizeIs(2));
  EXPECT_THAT(listing.damaged, testing::Each(HasSubstr("a key slot of another store")));
}

TEST_F(KeySlotTest, MoreSlotsThanAStoreCanHaveAreReported) {
  const base::Path key_file = directory_.path() / "store.key";
  create_key_file(files_, key_file);
  KeySlot forged;
  forged.kind = SlotKind::kPassphrase;
  forged.operations = 1;
  forged.memory = 8'192;
  for (unsigned number = 0; number <= kMaxSlots; ++number) {
    forged.id[7] = static_cast<std::byte>(number);
    write_slot(storage_, forged);
  }
  EXPECT_THAT(read_slots(storage_).damaged,
              testing::ElementsAre(HasSubstr("33 key slots, but a store has at most 32")));
  EXPECT_ERROR(kKey, "not tried: 1 more",
               open_master_with_passphrase(location({}), files_, "words"));
  write_slot(storage_, wrap_for_key_file(id_, master_, load_key_file(files_, key_file), {}));
  EXPECT_TRUE(same(master_, open_master(location(key_file), files_).master));
}

TEST_F(KeySlotTest, AKeyFileIsCreatedOnceAndPrivateToItsOwner) {
  const base::Path path = directory_.path() / "etc" / "store.key";
  create_key_file(files_, path);
  const Key key = load_key_file(files_, path);
  create_key_file(files_, path);
  EXPECT_TRUE(same(key, load_key_file(files_, path)));
  EXPECT_EQ(std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
            std::filesystem::status(path).permissions());
}

TEST_F(KeySlotTest, AFileWithoutAKeyIsNotAKeyFile) {
  const base::Path path = directory_.path() / "store.key";
  for (const std::string text : {"", "# only words\n", "abcd\n", "# x\nnot hex at all\n"}) {
    overwrite(path, base::as_bytes(text));
    EXPECT_ERROR(kKey, "it is not a key file", load_key_file(files_, path));
  }
}

}  // namespace
}  // namespace store
