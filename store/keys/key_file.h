// The file that opens a store: 32 random bytes in hex on a line of their own; lines that begin with
// # are comments.
#pragma once

#include <optional>

#include "base/file_system.h"
#include "store/format/crypto.h"

namespace store {

// Fails with kKey if the file is missing or is not a key file.
Key load_key_file(base::FileSystem& files, const base::Path& path);

// Parses a key file's bytes. Returns nullopt if they do not contain a key.
std::optional<Key> parse_key_file(base::ByteView bytes);

// Creates the file, private to its owner, if it does not exist. Never overwrites.
void create_key_file(base::FileSystem& files, const base::Path& path);

}  // namespace store
