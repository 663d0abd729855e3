// Reads what was written under a name before it was replaced or removed, in a storage that keeps
// versions: with object lock, an attacker can only add versions to a store.
//
// A pack, a commit record or a key slot never gets other bytes than its first ones. So the first
// version is the right one, unless it shows that it is not; what only looks right counts for less.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/file_system.h"
#include "store/format/location.h"
#include "store/format/pack.h"
#include "store/storage/storage.h"

namespace store {

// The digest of all bytes of one version. Nullopt: it is gone.
std::optional<Sha256> digest_of_version(Storage& storage, const BlobName& name,
                                        const std::string& id);

// Chooses the first version of the pack that has the digest which is its name
// (Storage::choose_version()), and logs that. For a pack that is missing or damaged, although the
// store needs it: the versions are read whole. False: no other version than the one that is read by
// the name is right, or the storage keeps no versions. Fails like the storage.
bool choose_right_pack(Storage& storage, const PackName& pack);

// The same for a small blob: the first version that `is_right` accepts, of at most `limit` bytes.
bool choose_right_version(Storage& storage, const BlobName& name, std::uint64_t limit,
                          const std::function<bool(base::ByteView)>& is_right);

// The same for a record that one writer may have put twice under its name, such as that of a tree:
// the newest version that `opens`. What an attacker writes over it does not, without the key.
bool choose_newest_version(Storage& storage, const BlobName& name, std::uint64_t limit,
                           const std::function<bool(base::ByteView)>& opens);

// All bytes of one version. Nullopt: it is gone, or has more than `limit` bytes.
std::optional<base::Bytes> read_version(Storage& storage, const BlobName& name,
                                        const std::string& id, std::uint64_t limit);

// Chooses the first versions of all packs, commit records and key slots, or of one of these areas,
// that were replaced or removed. Returns how many. What a prune or `key remove` has removed is
// listed again, too, so this is for reading a store as it was. Fails with kConfig if the storage
// keeps no versions.
std::size_t choose_first_versions(Storage& storage);
std::size_t choose_first_versions(Storage& storage, std::string_view area);

// Chooses the newest versions of all of these again.
void choose_newest_versions(Storage& storage);

// Whether the index is of the first versions (store/maintenance/reindex.h): then whatever opens the
// store reads these.
bool reads_first_versions(const Location& location, base::FileSystem& files);
// Fails with kConfig if so: nothing can be committed meanwhile.
void require_newest_versions(const Location& location, base::FileSystem& files);

enum class Versions { kNewest, kFirst };
void note_versions(const Location& location, base::FileSystem& files, Versions versions);

}  // namespace store
