// The keys that open a store: adding, listing, removing them. All of them wrap the same master key,
// so removing one doesn't undo what its holder has read or copied.
//
// Functions that change keys take the store's lock and fail with kBusy while another process
// writes; all fail as Reader::open does if the store can't be opened.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/secret.h"
#include "store/format/location.h"

namespace store {

enum class KeyKind { kKeyFile, kPassphrase };

struct KeyInfo {
  std::string id;  // 16 hex digits
  KeyKind kind = KeyKind::kKeyFile;
  std::chrono::sys_seconds created{};
};

// Needs no key.
std::vector<KeyInfo> list_keys(const Location& location, base::FileSystem& files);

// Uses the key file, or creates it if it is absent. Returns the key's id.
std::string add_key_file(const Location& location, base::FileSystem& files,
                         const base::Clock& clock, const base::Path& new_key_file);

std::string add_passphrase(const Location& location, base::FileSystem& files,
                           const base::Clock& clock, const base::Secret& passphrase);

// For a lost key file: the passphrase opens the store, and `location.key_file`, created if absent,
// opens it from now on. Returns the new key's id.
std::string replace_key_file(const Location& location, base::FileSystem& files,
                             const base::Clock& clock, const base::Secret& passphrase);

// The result of trying a copied key.
struct VerifiedKey {
  std::string id;  // of the key file's slot, as in list_keys(); empty: an exported master key
};

// Proves that the file, a key file or the output of export_key(), opens this store: a slot of the
// store, and a pack if it has any. Needs neither the configured key file nor the
// lock, and changes nothing. Fails with kKey if it does not open the store, or is not a key at all.
VerifiedKey verify_key(const Location& location, base::FileSystem& files, const base::Path& file);

// The master key as text for paper (store/keys/key_export.h).
base::Secret export_key(const Location& location, base::FileSystem& files);

// For lost key files or key slots: `exported` opens the store, and `location.key_file`, created if
// absent, opens it from now on. Returns the new key's id. Fails with kKey if the key belongs to
// another store.
std::string replace_key_file_from_export(const Location& location, base::FileSystem& files,
                                         const base::Clock& clock, base::ByteView exported);

// Fails with kUsage for the last key and for the configured one, kNotFound.
void remove_key(const Location& location, base::FileSystem& files, const std::string& id);

}  // namespace store
