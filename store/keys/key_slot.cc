#include "store/keys/key_slot.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/finally.h"
#include "base/log.h"
#include "base/secret.h"
#include "store/format/encoding.h"
#include "store/format/layout.h"
#include "store/format/right_version.h"
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

KeySlot new_slot(SlotKind kind, const StoreId& store, std::chrono::sys_seconds now,
                 std::optional<SlotId> id = std::nullopt) {
  KeySlot slot;
  slot.kind = kind;
  slot.store = store;
  slot.created = now;
  slot.nonce = random_nonce();
  if (id) {
    slot.id = *id;
  } else {
    fill_random(slot.id);
  }
  fill_random(slot.salt);
  return slot;
}

std::optional<Key> unwrap(const KeySlot& slot, const Key& wrapping) {
  std::optional<base::Bytes> master = open_box(wrapping, slot.nonce, encode_head(slot), slot.box);
  if (!master) return std::nullopt;
  const base::Finally wiped([&] { base::wipe(*master); });
  return Key(*master);
}

std::string slot_key(const SlotId& id, int copy) {
  return base::to_hex(id) + (copy == 1 ? ".1" : ".2");
}

BlobName slot_name(const SlotId& id, int copy) {
  return {kKeysArea, slot_key(id, copy)};
}

std::string display_name_of_keys(const Storage& storage) {
  return fmt::format("{}/{}", storage.display_name(), kKeysArea);
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

// Slots of all versions begin with mark, version and kind, and end with their checksum.
bool KeySlot::is_newer(base::ByteView bytes) {
  constexpr std::size_t kFields = 2 * sizeof(std::uint32_t);
  if (bytes.size() < kSlotMark.size() + kFields + kSlotChecksumSize) return false;
  const std::size_t end = bytes.size() - kSlotChecksumSize;
  Decoder decoder(bytes, "a key slot");
  if (!std::ranges::equal(decoder.raw(kSlotMark.size()), base::as_bytes(kSlotMark)) ||
      !std::ranges::equal(checksum(bytes.first(end)), bytes.subspan(end))) {
    return false;
  }
  const std::uint32_t version = decoder.u32();
  return version > kSlotVersion ||
         (version == kSlotVersion &&
          decoder.u32() > static_cast<std::uint32_t>(SlotKind::kPassphrase));
}

KeySlot wrap_for_key_file(const StoreId& store, const Key& master, const Key& file_key,
                          std::chrono::sys_seconds now, std::optional<SlotId> id) {
  KeySlot slot = new_slot(SlotKind::kKeyFile, store, now, id);
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

struct ReadSlot {
  bool exists = false;
  bool is_newer = false;
  std::optional<KeySlot> slot = {};
};

bool is_slot(base::ByteView bytes) {
  return KeySlot::is_newer(bytes) || KeySlot::decode(bytes).has_value();
}

// What exists and is not a slot may be anything: another program may have put it there to keep the
// others from being read.
ReadSlot read_slot(Storage& storage, const std::string& key) {
  try {
    std::optional<base::Bytes> bytes = storage.get({kKeysArea, key}, kMaxSlot);
    if (bytes && !is_slot(*bytes) &&
        choose_right_version(storage, {kKeysArea, key}, kMaxSlot, is_slot)) {
      bytes = storage.get({kKeysArea, key}, kMaxSlot);
    }
    if (!bytes) return {};
    return {.exists = true, .is_newer = KeySlot::is_newer(*bytes), .slot = KeySlot::decode(*bytes)};
  } catch (const base::Error& error) {
    if (error.code() != ErrorCode::kDamaged && error.code() != ErrorCode::kIo) throw;
    base::log_debug("{}", error.what());
    return {.exists = true};
  }
}

// The keys of the slots: what is listed, and what a listing may lack.
std::set<std::string> possible_keys(Storage& storage) {
  const std::vector<std::string> listed = storage.list(kKeysArea);
  std::set<std::string> keys(listed.begin(), listed.end());
  if (!storage.traits().lists_at_once) keys.insert(slot_key(kFirstSlot, 1));
  for (const std::string& key : std::set(keys)) {
    if (key.ends_with(".1")) keys.insert(key.substr(0, key.size() - 1) + "2");
    if (key.ends_with(".2")) keys.insert(key.substr(0, key.size() - 1) + "1");
  }
  return keys;
}

}  // namespace

SlotListing read_slots(Storage& storage, const StoreId* store) {
  SlotListing listing;
  std::map<std::string, std::optional<KeySlot>> slots;
  std::map<std::string, int> copies;
  for (const std::string& key : possible_keys(storage)) {
    const auto [exists, is_newer, slot] = read_slot(storage, key);
    if (!exists) continue;
    const std::string name = storage.display_name({kKeysArea, key});
    if (is_newer) {
      listing.newer.push_back(name);
      continue;
    }
    if (slot && store != nullptr && slot->store != *store) {
      listing.damaged.push_back(name + ": it is a key slot of another store");
      listing.damaged_files.push_back(key);
      continue;
    }
    if (!slot || (key != slot_key(slot->id, 1) && key != slot_key(slot->id, 2))) {
      listing.damaged.push_back(name + ": it is not a valid key slot");
      listing.damaged_files.push_back(key);
      continue;
    }
    const std::string id = base::to_hex(slot->id);
    ++copies[id];
    if (!slots[id]) slots[id] = slot;
  }
  for (const auto& [id, slot] : slots) {
    if (slot) listing.slots.push_back(*slot);
    if (copies[id] < 2) {
      listing.damaged.push_back(fmt::format("{}: one of its two copies is missing",
                                            storage.display_name({kKeysArea, id})));
    }
  }
  if (listing.slots.size() > kMaxSlots) {
    listing.damaged.push_back(
        fmt::format("{}: {} key slots, but a store has at most {}: remove the unused ones",
                    display_name_of_keys(storage), listing.slots.size(), kMaxSlots));
  }
  return listing;
}

void write_slot(Storage& storage, const KeySlot& slot) {
  const base::Bytes bytes = slot.encode();
  for (const int copy : {1, 2}) storage.replace(slot_name(slot.id, copy), bytes);
}

Created write_first_slot(Storage& storage, const KeySlot& slot) {
  const base::Bytes bytes = slot.encode();
  const BlobName first = slot_name(slot.id, 1);
  const BlobName second = slot_name(slot.id, 2);
  if (storage.size(second)) return Created::kExists;
  if (storage.traits().creates_once) {
    if (storage.create(first, bytes) == Created::kExists) return Created::kExists;
  } else {
    if (storage.size(first)) return Created::kExists;
    storage.replace(first, bytes);
    if (storage.get(first, kMaxSlot) != bytes) return Created::kExists;
  }
  storage.replace(second, bytes);
  return Created::kYes;
}

void remove_slot(Storage& storage, const SlotId& id) {
  const std::array names{slot_name(id, 1), slot_name(id, 2)};
  for (const NotRemoved& left : storage.remove(names)) {
    fail(ErrorCode::kIo, "remove a key slot: {}", left.why);
  }
}

namespace {

// A directory that is missing, as opposed to a bucket, is where init would make the store.
SlotListing slots_at(const Location& location, Storage& storage) {
  try {
    SlotListing listing = read_slots(storage);
    if (listing.slots.empty() && listing.newer.empty() && storage.keeps_versions() &&
        choose_first_versions(storage, kKeysArea) > 0) {
      base::log_warning(
          "store {}: its key slots were deleted or replaced: reading their first "
          "versions",
          storage.display_name());
      listing = read_slots(storage);
    }
    return listing;
  } catch (const StorageError& error) {
    if (error.trouble() != Trouble::kGone || !location.is_directory()) throw;
    return {};
  }
}

// One of these slots may be that of the key.
void refuse_newer(const SlotListing& listing, const Storage& storage) {
  if (listing.newer.empty()) return;
  fail(ErrorCode::kConfig,
       "open store {}: this version of mailstow knows no slot for this key, and a newer version of "
       "mailstow wrote {}: update mailstow, or use another key",
       storage.display_name(), listing.newer.front());
}

// In first versions, if the index is of these (store/format/right_version.h).
std::shared_ptr<Storage> storage_to_open(const Location& location, base::FileSystem& files) {
  std::shared_ptr<Storage> storage = storage_of(location, files);
  if (reads_first_versions(location, files)) choose_first_versions(*storage);
  return storage;
}

// The slots of a store, which must exist before any key is tried.
SlotListing slots_of(const Location& location, Storage& storage) {
  SlotListing listing = slots_at(location, storage);
  if (!listing.slots.empty()) return listing;
  refuse_newer(listing, storage);
  if (!listing.damaged.empty()) {
    fail(ErrorCode::kDamaged, "open store {}: {}: restore its key slots from a copy",
         storage.display_name(), listing.damaged.front());
  }
  fail(ErrorCode::kNotFound, "open store {}: not found: create it with mailstow-backupd init",
       storage.display_name());
}

}  // namespace

OpenedStore open_master(const Location& location, base::FileSystem& files) {
  const std::shared_ptr<Storage> storage = storage_to_open(location, files);
  const SlotListing listing = slots_of(location, *storage);
  const Key file_key = load_key_file(files, location.key_file);
  for (const KeySlot& slot : listing.slots) {
    const std::optional<Key> master = open_with_key_file(slot, file_key);
    if (master) return {.store = slot.store, .master = *master};
  }
  refuse_newer(listing, *storage);
  fail(ErrorCode::kKey,
       "open store {}: {} is not a key of this store: use the key file that init created for it",
       storage->display_name(), location.key_file.string());
}

OpenedStore open_master_with_passphrase(const Location& location, base::FileSystem& files,
                                        std::string_view passphrase) {
  const std::shared_ptr<Storage> storage = storage_to_open(location, files);
  SlotListing listing = slots_of(location, *storage);
  std::vector<KeySlot>& slots = listing.slots;
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
         storage->display_name(), kMaxSlots, excess, display_name_of_keys(*storage));
  }
  refuse_newer(listing, *storage);
  fail(ErrorCode::kKey, "open store {}: this passphrase opens none of its key slots{}{}",
       storage->display_name(), why.empty() ? "" : ": ", why);
}

std::function<bool(const KeySlot&)> opened_by_key_of(const Location& location,
                                                     base::FileSystem& files) {
  return [&](const KeySlot& slot) {
    return open_with_key_file(slot, load_key_file(files, location.key_file)).has_value();
  };
}

BlockContext open_keys(const Location& location, base::FileSystem& files) {
  const OpenedStore opened = open_master(location, files);
  return {.store = opened.store, .keys = Keys::derive(opened.master)};
}

}  // namespace store
