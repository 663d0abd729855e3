#include "store/key_ring.h"

#include <algorithm>

#include "base/error.h"
#include "store/key_file.h"
#include "store/key_slot.h"
#include "store/layout.h"
#include "store/writer_lock.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

std::chrono::sys_seconds now(const base::Clock& clock) {
  return std::chrono::floor<std::chrono::seconds>(clock.now());
}

std::string add_slot(const Location& location, base::FileSystem& files, const KeySlot& slot) {
  write_slot(files, keys_folder(location), slot);
  return base::to_hex(slot.id);
}

}  // namespace

std::vector<KeyInfo> list_keys(const Location& location, base::FileSystem& files) {
  std::vector<KeyInfo> keys;
  for (const KeySlot& slot : read_slots(files, keys_folder(location)).slots) {
    keys.push_back(
        {.id = base::to_hex(slot.id),
         .kind = slot.kind == SlotKind::kKeyFile ? KeyKind::kKeyFile : KeyKind::kPassphrase,
         .created = slot.created});
  }
  return keys;
}

std::string add_key_file(const Location& location, base::FileSystem& files,
                         const base::Clock& clock, const base::Path& new_key_file) {
  const OpenedStore opened = open_master(files, location.store, location.key_file);
  const auto lock = lock_for_writing(location, files);
  create_key_file(files, new_key_file);
  return add_slot(location, files,
                  wrap_for_key_file(opened.store, opened.master, load_key_file(files, new_key_file),
                                    now(clock)));
}

std::string add_passphrase(const Location& location, base::FileSystem& files,
                           const base::Clock& clock, const base::Secret& passphrase) {
  if (passphrase.empty()) fail(ErrorCode::kUsage, "add a passphrase: it is empty");
  const OpenedStore opened = open_master(files, location.store, location.key_file);
  const auto lock = lock_for_writing(location, files);
  return add_slot(
      location, files,
      wrap_for_passphrase(opened.store, opened.master, passphrase.reveal(), now(clock)));
}

std::string replace_key_file(const Location& location, base::FileSystem& files,
                             const base::Clock& clock, const base::Secret& passphrase) {
  const OpenedStore opened =
      open_master_with_passphrase(files, location.store, passphrase.reveal());
  const auto lock = lock_for_writing(location, files);
  create_key_file(files, location.key_file);
  return add_slot(location, files,
                  wrap_for_key_file(opened.store, opened.master,
                                    load_key_file(files, location.key_file), now(clock)));
}

void remove_key(const Location& location, base::FileSystem& files, const std::string& id) {
  const auto lock = lock_for_writing(location, files);
  const Key file_key = load_key_file(files, location.key_file);
  const std::vector<KeySlot> slots = read_slots(files, keys_folder(location)).slots;
  const auto slot =
      std::ranges::find(slots, id, [](const KeySlot& each) { return base::to_hex(each.id); });
  if (slot == slots.end()) fail(ErrorCode::kNotFound, "remove key {}: there is none", id);
  const bool another_opens = std::ranges::any_of(slots, [&](const KeySlot& each) {
    return each.id != slot->id && open_with_key_file(each, file_key).has_value();
  });
  if (!another_opens) {
    fail(ErrorCode::kUsage,
         "remove key {}: {} would not open the store any more: add another key file first and name "
         "it in the configuration",
         id, location.key_file.string());
  }
  remove_slot(files, keys_folder(location), slot->id);
}

}  // namespace store
