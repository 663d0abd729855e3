#include "store/keys/key_ring.h"

#include <algorithm>

#include "base/error.h"
#include "base/finally.h"
#include "base/log.h"
#include "store/format/layout.h"
#include "store/format/pack.h"
#include "store/format/writer_lock.h"
#include "store/keys/key_export.h"
#include "store/keys/key_file.h"
#include "store/keys/key_slot.h"
#include "store/storage/blob_file.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

std::chrono::sys_seconds now(const base::Clock& clock) {
  return clock.now_seconds();
}

// Not for a lost key file: forged slots must not keep it from being replaced.
void check_room_for_slot(const Location& location, base::FileSystem& files) {
  if (read_slots(*storage_of(location, files)).slots.size() < kMaxSlots) return;
  fail(ErrorCode::kUsage,
       "add a key: the store has {} keys, the most it can have: remove one with "
       "mailstow-backupd key remove",
       kMaxSlots);
}

std::string add_slot(const Location& location, base::FileSystem& files, const KeySlot& slot) {
  write_slot(*storage_of(location, files), slot);
  return base::to_hex(slot.id);
}

}  // namespace

std::vector<KeyInfo> list_keys(const Location& location, base::FileSystem& files) {
  const SlotListing listing = read_slots(*storage_of(location, files));
  std::vector<KeyInfo> keys;
  keys.reserve(listing.slots.size());
  for (const KeySlot& slot : listing.slots) {
    keys.push_back(
        {.id = base::to_hex(slot.id),
         .kind = slot.kind == SlotKind::kKeyFile ? KeyKind::kKeyFile : KeyKind::kPassphrase,
         .created = slot.created});
  }
  return keys;
}

std::string add_key_file(const Location& location, base::FileSystem& files,
                         const base::Clock& clock, const base::Path& new_key_file) {
  const OpenedStore opened = open_master(location, files);
  const auto lock = lock_for_writing(location, files);
  check_room_for_slot(location, files);
  create_key_file(files, new_key_file);
  return add_slot(location, files,
                  wrap_for_key_file(opened.store, opened.master, load_key_file(files, new_key_file),
                                    now(clock)));
}

std::string add_passphrase(const Location& location, base::FileSystem& files,
                           const base::Clock& clock, const base::Secret& passphrase) {
  if (passphrase.empty()) fail(ErrorCode::kUsage, "add a passphrase: it is empty");
  const OpenedStore opened = open_master(location, files);
  const auto lock = lock_for_writing(location, files);
  check_room_for_slot(location, files);
  return add_slot(
      location, files,
      wrap_for_passphrase(opened.store, opened.master, passphrase.reveal(), now(clock)));
}

std::string replace_key_file(const Location& location, base::FileSystem& files,
                             const base::Clock& clock, const base::Secret& passphrase) {
  const OpenedStore opened = open_master_with_passphrase(location, files, passphrase.reveal());
  const auto lock = lock_for_writing(location, files);
  create_key_file(files, location.key_file);
  return add_slot(location, files,
                  wrap_for_key_file(opened.store, opened.master,
                                    load_key_file(files, location.key_file), now(clock)));
}

base::Secret export_key(const Location& location, base::FileSystem& files) {
  return format_key_export(open_master(location, files));
}

namespace {

// The packs are the best proof of a key; a store without packs has its slots, or nothing to lose.
void check_is_key_of(const Location& location, base::FileSystem& files, const OpenedStore& opened) {
  const BlockContext context{.store = opened.store, .keys = Keys::derive(opened.master)};
  const std::shared_ptr<Storage> storage = storage_of(location, files);
  Decompressor decompressor;
  const auto opens = [&](std::unique_ptr<base::File> file, const std::string& name) {
    try {
      PackFile(std::move(file), name).read_trailer(context, {}, decompressor);
      return true;
    } catch (const base::Error& error) {
      if (error.code() != ErrorCode::kDamaged) throw;
      return false;
    }
  };
  bool has_packs = false;
  for (const std::string& key : storage->list(kPacksArea)) {
    std::unique_ptr<base::File> file;
    try {
      file = open_blob(*storage, {kPacksArea, key});
    } catch (const base::Error& error) {
      if (error.code() != ErrorCode::kDamaged) throw;
      base::log_warning("{}", error.what());
    }
    if (!file) continue;
    if (opens(std::move(file), key)) return;
    has_packs = true;
  }
  const std::vector<KeySlot> slots = read_slots(*storage).slots;
  const bool is_of_slots =
      std::ranges::any_of(slots, [&](const KeySlot& slot) { return slot.store == opened.store; });
  if (has_packs || !is_of_slots) {
    fail(ErrorCode::kKey, "open store {}: this key is not the key of this store",
         storage->display_name());
  }
}

}  // namespace

VerifiedKey verify_key(const Location& location, base::FileSystem& files, const base::Path& file) {
  constexpr std::uint64_t kMaxCopiedKey = 65'536;
  std::optional<base::Bytes> bytes =
      base::read_file(files, file, kMaxCopiedKey, base::Links::kFollow);
  const base::Finally wiped([&] {
    if (bytes) base::wipe(*bytes);
  });
  if (!bytes) fail(ErrorCode::kKey, "read key {}: there is no such file", file.string());
  const std::optional<Key> file_key = parse_key_file(*bytes);
  if (!file_key) {
    check_is_key_of(location, files, parse_key_export(*bytes));
    return {};
  }
  Location with_key = location;
  with_key.key_file = file;
  check_is_key_of(location, files, open_master(with_key, files));
  const SlotListing listing = read_slots(*storage_of(location, files));
  for (const KeySlot& slot : listing.slots) {
    if (open_with_key_file(slot, *file_key)) return {.id = base::to_hex(slot.id)};
  }
  fail(ErrorCode::kKey, "open store {}: {} is not a key of this store", display_name(location),
       file.string());
}

namespace {

// A listing may lack names: for a message only.
bool has_nothing(const Location& location, base::FileSystem& files) {
  if (location.is_directory()) return files.list(location.store).empty();
  return location.storage->list(kKeysArea).empty() && location.storage->list(kPacksArea).empty();
}

}  // namespace

std::string replace_key_file_from_export(const Location& location, base::FileSystem& files,
                                         const base::Clock& clock, base::ByteView exported) {
  const OpenedStore opened = parse_key_export(exported);
  if (has_nothing(location, files)) {
    fail(ErrorCode::kNotFound, "open store {}: not found", display_name(location));
  }
  const auto lock = lock_for_writing(location, files);
  check_is_key_of(location, files, opened);
  create_key_file(files, location.key_file);
  return add_slot(location, files,
                  wrap_for_key_file(opened.store, opened.master,
                                    load_key_file(files, location.key_file), now(clock)));
}

void remove_key(const Location& location, base::FileSystem& files, const std::string& id) {
  const auto lock = lock_for_writing(location, files);
  const Key file_key = load_key_file(files, location.key_file);
  const std::shared_ptr<Storage> storage = storage_of(location, files);
  const std::vector<KeySlot> slots = read_slots(*storage).slots;
  const auto slot =
      std::ranges::find(slots, id, [](const KeySlot& each) { return base::to_hex(each.id); });
  if (slot == slots.end()) fail(ErrorCode::kNotFound, "remove key {}: not found", id);
  const bool another_opens = std::ranges::any_of(slots, [&](const KeySlot& each) {
    return each.id != slot->id && open_with_key_file(each, file_key).has_value();
  });
  if (!another_opens) {
    fail(ErrorCode::kUsage,
         "remove key {}: {} could no longer open the store: add another key file first and name "
         "it in the configuration",
         id, location.key_file.string());
  }
  remove_slot(*storage, slot->id);
}

}  // namespace store
