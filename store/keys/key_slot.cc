#include "store/keys/key_slot.h"

#include <algorithm>
#include <map>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/finally.h"
#include "base/log.h"
#include "base/secret.h"
#include "store/format/encoding.h"
#include "store/keys/key_file.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr std::string_view kSlotMark = "MSTWSLOT";
constexpr std::uint32_t kSlotVersion = 1;
constexpr std::size_t kSlotChecksumSize = 32;
constexpr std::uint64_t kMaxSlot = 4'096;

// 64 MiB and three passes: one or two tenths of a second on any machine that runs a mail server.
constexpr std::uint64_t kMemory = std::uint64_t{64} << 20;
constexpr std::uint64_t kOperations = 3;
constexpr std::uint64_t kMaxOperations = 10;

// A key file's key is random, so its slot needs no Argon2id.
bool has_lawful_costs(const KeySlot& slot) {
  if (slot.kind == SlotKind::kKeyFile) return slot.operations == 0 && slot.memory == 0;
  return slot.operations >= kMinArgonOperations && slot.operations <= kMaxOperations &&
         slot.memory >= kMinArgonMemory && slot.memory <= kMemory;
}

// Everything before the box: the data that authenticates with it.
base::Bytes encode_head(const KeySlot& slot) {
  Encoder encoder;
  encoder.raw(base::as_bytes(kSlotMark));
  encoder.u32(kSlotVersion);
  encoder.u32(static_cast<std::uint32_t>(slot.kind));
  encoder.raw(slot.store);
  encoder.raw(slot.id);
  encoder.u64(static_cast<std::uint64_t>(slot.created.time_since_epoch().count()));
  encoder.u64(slot.operations);
  encoder.u64(slot.memory);
  encoder.raw(slot.salt);
  encoder.raw(slot.nonce);
  return encoder.take();
}

template <std::size_t Size>
void read_into(Decoder& decoder, std::array<std::byte, Size>& out) {
  std::ranges::copy(decoder.raw(Size), out.begin());
}

KeySlot new_slot(SlotKind kind, const StoreId& store, std::chrono::sys_seconds now) {
  KeySlot slot;
  slot.kind = kind;
  slot.store = store;
  slot.created = now;
  slot.nonce = random_nonce();
  fill_random(slot.id);
  fill_random(slot.salt);
  return slot;
}

std::optional<Key> unwrap(const KeySlot& slot, const Key& wrapping) {
  std::optional<base::Bytes> master = open_box(wrapping, slot.nonce, encode_head(slot), slot.box);
  if (!master) return std::nullopt;
  const base::Finally wiped([&] { base::wipe(*master); });
  return Key(*master);
}

std::string file_name(const SlotId& id, int copy) {
  return base::to_hex(id) + (copy == 1 ? ".1" : ".2");
}

}  // namespace

base::Bytes KeySlot::encode() const {
  Encoder encoder;
  encoder.raw(encode_head(*this));
  encoder.raw(box);
  encoder.raw(checksum(encoder.view()));
  return encoder.take();
}

std::optional<KeySlot> KeySlot::decode(base::ByteView bytes) {
  const std::size_t size = KeySlot().encode().size();
  if (bytes.size() != size || !std::ranges::equal(checksum(bytes.first(size - kSlotChecksumSize)),
                                                  bytes.last(kSlotChecksumSize))) {
    return std::nullopt;
  }
  Decoder decoder(bytes, "a key slot");
  if (!std::ranges::equal(decoder.raw(kSlotMark.size()), base::as_bytes(kSlotMark)) ||
      decoder.u32() != kSlotVersion) {
    return std::nullopt;
  }
  KeySlot slot;
  const std::uint32_t kind = decoder.u32();
  if (kind != static_cast<std::uint32_t>(SlotKind::kKeyFile) &&
      kind != static_cast<std::uint32_t>(SlotKind::kPassphrase)) {
    return std::nullopt;
  }
  slot.kind = static_cast<SlotKind>(kind);
  read_into(decoder, slot.store);
  read_into(decoder, slot.id);
  slot.created =
      std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(decoder.u64())));
  slot.operations = decoder.u64();
  slot.memory = decoder.u64();
  if (!has_lawful_costs(slot)) return std::nullopt;
  read_into(decoder, slot.salt);
  read_into(decoder, slot.nonce);
  read_into(decoder, slot.box);
  return slot;
}

KeySlot wrap_for_key_file(const StoreId& store, const Key& master, const Key& file_key,
                          std::chrono::sys_seconds now) {
  KeySlot slot = new_slot(SlotKind::kKeyFile, store, now);
  seal_box(key_from_key(file_key, slot.salt), slot.nonce, encode_head(slot), master.view(),
           slot.box);
  return slot;
}

KeySlot wrap_for_passphrase(const StoreId& store, const Key& master, std::string_view passphrase,
                            std::chrono::sys_seconds now) {
  KeySlot slot = new_slot(SlotKind::kPassphrase, store, now);
  slot.operations = kOperations;
  slot.memory = kMemory;
  const Key wrapping = key_from_passphrase(passphrase, slot.salt, slot.operations, slot.memory);
  seal_box(wrapping, slot.nonce, encode_head(slot), master.view(), slot.box);
  return slot;
}

std::optional<Key> open_with_key_file(const KeySlot& slot, const Key& file_key) {
  if (slot.kind != SlotKind::kKeyFile) return std::nullopt;
  return unwrap(slot, key_from_key(file_key, slot.salt));
}

std::optional<Key> open_with_passphrase(const KeySlot& slot, std::string_view passphrase) {
  if (slot.kind != SlotKind::kPassphrase) return std::nullopt;
  return unwrap(slot, key_from_passphrase(passphrase, slot.salt, slot.operations, slot.memory));
}

namespace {

// Returns nullopt if the file is not a slot, whatever it is: another program may have put it
// there to keep the others from being read.
std::optional<KeySlot> read_slot(base::FileSystem& files, const base::Path& path) {
  try {
    const std::optional<base::Bytes> bytes = base::read_file(files, path, kMaxSlot);
    return bytes ? KeySlot::decode(*bytes) : std::nullopt;
  } catch (const base::Error& error) {
    if (error.code() != ErrorCode::kDamaged && error.code() != ErrorCode::kIo) throw;
    base::log_debug("{}", error.what());
    return std::nullopt;
  }
}

}  // namespace

SlotListing read_slots(base::FileSystem& files, const base::Path& keys_directory,
                       const StoreId* store) {
  SlotListing listing;
  std::map<std::string, std::optional<KeySlot>> slots;
  std::map<std::string, int> copies;
  for (const std::string& name : files.list(keys_directory)) {
    if (base::AtomicFile::is_temporary(name)) continue;
    const base::Path path = keys_directory / name;
    const std::optional<KeySlot> slot = read_slot(files, path);
    if (slot && store != nullptr && slot->store != *store) {
      listing.damaged.push_back(path.string() + ": it is a key slot of another store");
      listing.damaged_files.push_back(name);
      continue;
    }
    if (!slot || (name != file_name(slot->id, 1) && name != file_name(slot->id, 2))) {
      listing.damaged.push_back(path.string() + ": it is not a valid key slot");
      listing.damaged_files.push_back(name);
      continue;
    }
    const std::string id = base::to_hex(slot->id);
    ++copies[id];
    if (!slots[id]) slots[id] = slot;
  }
  for (const auto& [id, slot] : slots) {
    if (slot) listing.slots.push_back(*slot);
    if (copies[id] < 2) {
      listing.damaged.push_back(
          fmt::format("{}: one of its two copies is missing", (keys_directory / id).string()));
    }
  }
  if (listing.slots.size() > kMaxSlots) {
    listing.damaged.push_back(
        fmt::format("{}: {} key slots, but a store has at most {}: remove the unused ones",
                    keys_directory.string(), listing.slots.size(), kMaxSlots));
  }
  return listing;
}

void write_slot(base::FileSystem& files, const base::Path& keys_directory, const KeySlot& slot) {
  const base::Bytes bytes = slot.encode();
  for (const int copy : {1, 2}) {
    base::write_file(files, keys_directory / file_name(slot.id, copy), bytes,
                     base::OnExisting::kReplace);
  }
}

void remove_slot(base::FileSystem& files, const base::Path& keys_directory, const SlotId& id) {
  for (const int copy : {1, 2}) files.remove(keys_directory / file_name(id, copy));
  files.sync_directory(keys_directory);
}

namespace {

// The slots of a store, which must exist before any key is tried.
std::vector<KeySlot> slots_of(base::FileSystem& files, const base::Path& store) {
  SlotListing listing = read_slots(files, store / "keys");
  if (!listing.slots.empty()) return std::move(listing.slots);
  if (!listing.damaged.empty()) {
    fail(ErrorCode::kDamaged, "open store {}: {}: restore its key slots from a copy",
         store.string(), listing.damaged.front());
  }
  fail(ErrorCode::kNotFound, "open store {}: not found: create it with mailstow-backupd init",
       store.string());
}

}  // namespace

OpenedStore open_master(base::FileSystem& files, const base::Path& store,
                        const base::Path& key_file) {
  const std::vector<KeySlot> slots = slots_of(files, store);
  const Key file_key = load_key_file(files, key_file);
  for (const KeySlot& slot : slots) {
    const std::optional<Key> master = open_with_key_file(slot, file_key);
    if (master) return {.store = slot.store, .master = *master};
  }
  fail(ErrorCode::kKey,
       "open store {}: {} is not a key of this store: use the key file that init created for it",
       store.string(), key_file.string());
}

OpenedStore open_master_with_passphrase(base::FileSystem& files, const base::Path& store,
                                        std::string_view passphrase) {
  std::vector<KeySlot> slots = slots_of(files, store);
  std::erase_if(slots, [](const KeySlot& slot) { return slot.kind != SlotKind::kPassphrase; });
  const std::size_t excess = slots.size() - std::min(slots.size(), kMaxSlots);
  slots.resize(slots.size() - excess);
  std::string why;
  for (const KeySlot& slot : slots) {
    try {
      const std::optional<Key> master = open_with_passphrase(slot, passphrase);
      if (master) return {.store = slot.store, .master = *master};
    } catch (const base::Error& error) {
      why = error.what();
      base::log_warning("key slot {}: {}: trying the next one", base::to_hex(slot.id), why);
    }
  }
  if (excess > 0) {
    fail(ErrorCode::kKey,
         "open store {}: this passphrase opens none of its first {} key slots; not tried: {} more: "
         "remove the files in {} that are not yours",
         store.string(), kMaxSlots, excess, (store / "keys").string());
  }
  fail(ErrorCode::kKey, "open store {}: this passphrase opens none of its key slots{}{}",
       store.string(), why.empty() ? "" : ": ", why);
}

BlockContext open_keys(base::FileSystem& files, const base::Path& store,
                       const base::Path& key_file) {
  const OpenedStore opened = open_master(files, store, key_file);
  return {.store = opened.store, .keys = Keys::derive(opened.master)};
}

}  // namespace store
