// The keys that open a store: added, listed, taken away. All of them wrap the same master key, so
// taking one away doesn't undo what its holder has read or copied.
//
// What changes them takes the store's lock and fails with kBusy while another process writes; all
// fail as Reader::open does where the store can't be opened.
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

// Makes the key file if it is absent; one that is there is used. Returns the key's id.
std::string add_key_file(const Location& location, base::FileSystem& files,
                         const base::Clock& clock, const base::Path& new_key_file);

std::string add_passphrase(const Location& location, base::FileSystem& files,
                           const base::Clock& clock, const base::Secret& passphrase);

// For a lost key file: the passphrase opens the store, and `location.key_file`, made if absent,
// opens it from now on. Returns the new key's id.
std::string replace_key_file(const Location& location, base::FileSystem& files,
                             const base::Clock& clock, const base::Secret& passphrase);

// The master key as text for paper (store/keys/key_export.h).
base::Secret export_key(const Location& location, base::FileSystem& files);

// For lost key files or key slots: `exported` opens the store, and `location.key_file`, made if
// absent, opens it from now on. Returns the new key's id. Fails with kKey if it is another store's.
std::string replace_key_file_from_export(const Location& location, base::FileSystem& files,
                                         const base::Clock& clock, base::ByteView exported);

// Fails with kUsage for the last key and for the one that the configuration names, kNotFound.
void remove_key(const Location& location, base::FileSystem& files, const std::string& id);

}  // namespace store
