// The manifest of a copy of the index in a bucket: which commit the index was of, and the blobs
// that have its files in parts (docs/pack-format.md, "Copies of the index"). It is written last:
// without it the parts are rubbish. Immutable.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "store/format/block.h"
#include "store/format/object_id.h"
#include "store/storage/blob_name.h"

namespace store {

// Of a part, before compression. A reader accepts what a block may have (kMaxBlock).
inline constexpr std::size_t kIndexPartSize = std::size_t{16} << 20;
// The bound for readers: enough for the parts of an index of a terabyte.
inline constexpr std::uint64_t kMaxIndexManifest = std::uint64_t{8} << 20;  // bytes

struct IndexPart {
  std::uint32_t plain_length = 0;   // before compression
  std::uint32_t sealed_length = 0;  // of the blob
  Sha256 digest;                    // of the blob
  bool operator==(const IndexPart&) const = default;
};

// A database, by its name beside the index.
struct CopiedDatabase {
  std::string name;
  std::uint64_t version = 0;  // its user_version
  std::uint64_t size = 0;     // in bytes
  Sha256 digest;
  std::vector<IndexPart> parts;
  bool operator==(const CopiedDatabase&) const = default;
};

struct IndexManifest {
  // The newest commit that the index has, and the first one in the same pack, which is the number
  // in the name of their commit record.
  std::uint64_t number = 0;
  std::uint64_t first = 0;
  ObjectId commit;
  std::chrono::sys_seconds time{};  // when the copy was made
  std::vector<CopiedDatabase> databases;
  bool operator==(const IndexManifest&) const = default;

  base::Bytes seal(const BlockContext& context, const BlobName& name) const;

  // Fails as unseal_blob() does (store/format/sealed_blob.h).
  static IndexManifest open(const BlockContext& context, const BlobName& name, base::ByteView bytes,
                            const std::string& shown);
};

// `index/NUMBER.RANDOM`: no two copies have one name, whichever writer makes them.
BlobName new_index_manifest_name(std::uint64_t number);
// `index/NUMBER.RANDOM.PART`, in 6 digits. The parts of all databases are numbered from 1.
BlobName index_part_name(const BlobName& manifest, std::size_t part);

// The manifest's key in that of a manifest or a part; nullopt: it is neither.
std::optional<std::string> index_copy_of(std::string_view key);
bool is_index_manifest(std::string_view key);

// Compresses and seals a part. Fails as Compressor does.
base::Bytes seal_index_part(const BlockContext& context, const BlobName& name, base::ByteView plain,
                            Compressor& compressor);
// The plain bytes. Fails with kDamaged or, as unseal_blob() does, with kConfig.
base::Bytes open_index_part(const BlockContext& context, const BlobName& name,
                            const IndexPart& part, base::ByteView bytes, Decompressor& decompressor,
                            const std::string& shown);

}  // namespace store
