// The commit record: a small blob that names a commit and the pack that holds it
// (docs/pack-format.md, "Commit records"). It is written after the pack, under the commit's number,
// which only one writer can use: the other one notices that it is no longer alone. Immutable.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "store/format/block.h"
#include "store/format/object_id.h"
#include "store/format/owner_record.h"
#include "store/format/pack.h"
#include "store/storage/blob_name.h"
#include "store/storage/storage.h"

namespace store {

struct CommitRecord {
  std::uint64_t number = 0;  // from 1
  std::uint64_t last = 0;    // the commits up to this one are in the same pack
  ObjectId commit;           // the one with the number `last`
  ObjectId previous;         // the one before `number`; all zero for the first
  PackName pack;
  std::uint64_t epoch = 0;  // of the owner that wrote it
  HostId host{};
  std::array<std::byte, 16> random{};  // makes the bytes those of one writer
  bool operator==(const CommitRecord&) const = default;

  // Whether both are about one commit, also if different hosts wrote them.
  bool is_same_commit(const CommitRecord& other) const {
    return commit == other.commit && pack == other.pack;
  }

  base::Bytes seal(const BlockContext& context, const BlobName& name) const;

  // Fails as unseal_blob() does.
  static CommitRecord open(const BlockContext& context, const BlobName& name, base::ByteView bytes,
                           const std::string& shown);
};

// Nullopt: it is absent. If it is not what was written, and the storage keeps versions, its first
// version that is (store/format/right_version.h). Fails as unseal_blob() does, and like the
// storage.
std::optional<CommitRecord> read_commit_record(Storage& storage, const BlockContext& context,
                                               const BlobName& name);

// `commits/NUMBER`, in 20 digits, for a storage that creates a name once.
BlobName commit_record_name(std::uint64_t number);
// `commits/NUMBER.EPOCH.HOST` for others: two writers never use one name.
BlobName commit_record_name(std::uint64_t number, std::uint64_t epoch, const HostId& host);

// `fences/NUMBER`: a copy of the record, sealed for this name, that a storage creates once as far
// as is known (store/fence.h).
BlobName fence_name(std::uint64_t number);

}  // namespace store
