// The master key, wrapped so that a key file or a passphrase opens it: one slot each, every slot in
// two files with the same bytes (docs/pack-format.md, "Key slots").
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/file_system.h"
#include "store/format/block.h"
#include "store/format/crypto.h"

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
};

KeySlot wrap_for_key_file(const StoreId& store, const Key& master, const Key& file_key,
                          std::chrono::sys_seconds now);
KeySlot wrap_for_passphrase(const StoreId& store, const Key& master, std::string_view passphrase,
                            std::chrono::sys_seconds now);

// Nullopt if the slot is of the other kind, or the key is wrong.
std::optional<Key> open_with_key_file(const KeySlot& slot, const Key& file_key);
std::optional<Key> open_with_passphrase(const KeySlot& slot, std::string_view passphrase);

// Trying a passphrase takes a fifth of a second for each slot.
inline constexpr std::size_t kMaxSlots = 32;

struct SlotListing {
  std::vector<KeySlot> slots;
  // Files that are missing or not what was written, with the reason.
  std::vector<std::string> damaged;
  std::vector<std::string> damaged_files;  // the names of those that exist
};
// A file that is not a regular one, or a slot with costs that mailstow never writes, is damaged;
// with `store`, so is a slot of another store. More than kMaxSlots are listed, and reported as
// damage.
SlotListing read_slots(base::FileSystem& files, const base::Path& keys_directory,
                       const StoreId* store = nullptr);

// Writes both files; durable when it returns.
void write_slot(base::FileSystem& files, const base::Path& keys_directory, const KeySlot& slot);
void remove_slot(base::FileSystem& files, const base::Path& keys_directory, const SlotId& id);

struct OpenedStore {
  StoreId store{};
  Key master;
};

// Opens with the key file. Fails with kNotFound (no store), kKey, kDamaged.
OpenedStore open_master(base::FileSystem& files, const base::Path& store,
                        const base::Path& key_file);

// The same with a passphrase, which is tried with up to kMaxSlots slots of that kind. A slot that
// fails is skipped.
OpenedStore open_master_with_passphrase(base::FileSystem& files, const base::Path& store,
                                        std::string_view passphrase);

// The context for reading and writing the store. Fails as open_master() does.
BlockContext open_keys(base::FileSystem& files, const base::Path& store,
                       const base::Path& key_file);

}  // namespace store
