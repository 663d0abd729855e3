// A blob that is sealed by itself: a commit record or an owner record (docs/pack-format.md, "Commit
// records"), or a part of a copy of the index. It opens only with the store's key, in that store,
// and under its own name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "store/format/block.h"
#include "store/format/crypto.h"
#include "store/storage/blob_name.h"

namespace store {

// The 8 bytes that the blobs of one kind begin with.
using BlobMark = std::string_view;

// The bound for readers of records; all of them are much smaller.
inline constexpr std::uint64_t kMaxSealedBlob = 4'096;  // bytes

// By how much sealing makes bytes longer.
inline constexpr std::uint64_t kSealedBlobOverhead = 12 + kNonceSize + kTagSize;

// With the key of records, or with `key`, one of the store's.
base::Bytes seal_blob(const BlockContext& context, BlobMark mark, const BlobName& name,
                      base::ByteView plain);
base::Bytes seal_blob(const BlockContext& context, const Key& key, BlobMark mark,
                      const BlobName& name, base::ByteView plain);

// The plain bytes. Fails with kDamaged if this is not what was sealed under that name, and kConfig
// if a newer version of mailstow wrote it; the message begins with "read" and `shown`, the blob's
// name for people.
base::Bytes unseal_blob(const BlockContext& context, BlobMark mark, const BlobName& name,
                        base::ByteView bytes, const std::string& shown);
base::Bytes unseal_blob(const BlockContext& context, const Key& key, BlobMark mark,
                        const BlobName& name, base::ByteView bytes, const std::string& shown);

}  // namespace store
