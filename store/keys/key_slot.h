// The master key, wrapped so that a key file or a passphrase opens it: one slot each, every slot in
// two blobs with the same bytes (docs/pack-format.md, "Key slots").
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/file_system.h"
#include "store/format/block.h"
#include "store/format/crypto.h"
#include "store/format/location.h"
#include "store/storage/storage.h"

namespace store {

enum class SlotKind : std::uint8_t { kKeyFile = 1, kPassphrase = 2 };

using SlotId = std::array<std::byte, 8>;

struct KeySlot {
  SlotKind kind = SlotKind::kKeyFile;
  StoreId store{};
  SlotId id{};
  std::chrono::sys_seconds created{};
  std::uint64_t operations = 0;  // of Argon2id, in a passphrase slot
  std::uint64_t memory = 0;      // bytes
  Salt salt{};
  Nonce nonce{};
  std::array<std::byte, Key::kSize + kTagSize> box{};

  base::Bytes encode() const;
  static std::optional<KeySlot> decode(base::ByteView bytes);
  // Whether a newer version of mailstow wrote it, which decode() can't read.
  static bool is_newer(base::ByteView bytes);
};

// `id`: that of the slot; nullopt: a random one.
KeySlot wrap_for_key_file(const StoreId& store, const Key& master, const Key& file_key,
                          std::chrono::sys_seconds now, std::optional<SlotId> id = std::nullopt);
KeySlot wrap_for_passphrase(const StoreId& store, const Key& master, std::string_view passphrase,
                            std::chrono::sys_seconds now);

// Nullopt if the slot is of the other kind, or the key is wrong.
std::optional<Key> open_with_key_file(const KeySlot& slot, const Key& file_key);
std::optional<Key> open_with_passphrase(const KeySlot& slot, std::string_view passphrase);

// Trying a passphrase takes a fifth of a second for each slot.
inline constexpr std::size_t kMaxSlots = 32;

// Whether a slot is that of the configured key file. Both must outlive it. Fails as load_key_file()
// does.
std::function<bool(const KeySlot&)> opened_by_key_of(const Location& location,
                                                     base::FileSystem& files);

struct SlotListing {
  std::vector<KeySlot> slots;
  // Blobs that are missing or not what was written, with the reason.
  std::vector<std::string> damaged;
  std::vector<std::string> damaged_files;  // the keys of those that exist
  std::vector<std::string> newer;  // the names, for people, of those of a newer version of mailstow
};
// What is not a regular file, or a slot with costs that mailstow never writes, is damaged; with
// `store`, so is a slot of another store. More than kMaxSlots are listed, and reported as damage.
// A copy counts as missing only if its name was read.
SlotListing read_slots(Storage& storage, const StoreId* store = nullptr);

// Writes both blobs; durable when it returns.
void write_slot(Storage& storage, const KeySlot& slot);
void remove_slot(Storage& storage, const SlotId& id);

// The id of the slot with which init makes a store. Its name is known, so that a listing that lacks
// it doesn't make the store look empty.
inline constexpr SlotId kFirstSlot{{{}, {}, {}, {}, {}, {}, {}, std::byte{1}}};

// The same as write_slot() for the slot of that id. kExists: a store is there already; where the
// storage creates once, of several that make one at the same time all but one get this.
Created write_first_slot(Storage& storage, const KeySlot& slot);

struct OpenedStore {
  StoreId store{};
  Key master;
};

// Opens with the key file. Fails with kNotFound (no store), kKey, kDamaged, and kConfig if only a
// newer version of mailstow knows the key's slot.
OpenedStore open_master(const Location& location, base::FileSystem& files);

// The same with a passphrase, which is tried with up to kMaxSlots slots of that kind. A slot that
// fails is skipped.
OpenedStore open_master_with_passphrase(const Location& location, base::FileSystem& files,
                                        std::string_view passphrase);

// The context for reading and writing the store. Fails as open_master() does.
BlockContext open_keys(const Location& location, base::FileSystem& files);

}  // namespace store
