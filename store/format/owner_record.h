// The owner record: which host writes to a store since when (docs/pack-format.md, "Owner records").
// A host that finds another one's record writes one with the next epoch. Immutable.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "store/format/block.h"
#include "store/storage/blob_name.h"

namespace store {

// One installation of mailstow on one machine (store/index/host_identity.h).
using HostId = std::array<std::byte, 16>;

struct OwnerRecord {
  std::uint64_t epoch = 0;  // from 1
  HostId host{};
  std::string host_name;  // for messages only
  std::chrono::sys_seconds since{};
  std::array<std::byte, 16> random{};  // makes the bytes those of one writer
  bool operator==(const OwnerRecord&) const = default;

  base::Bytes seal(const BlockContext& context, const BlobName& name) const;

  // Fails as unseal_blob() does.
  static OwnerRecord open(const BlockContext& context, const BlobName& name, base::ByteView bytes,
                          const std::string& shown);
  // Whether it does not fail.
  static bool is_one(const BlockContext& context, const BlobName& name, base::ByteView bytes);
};

// `owner/EPOCH`, in 20 digits, for a storage that creates a name once.
BlobName owner_record_name(std::uint64_t epoch);
// `owner/EPOCH.HOST` for others: two hosts never use one name.
BlobName owner_record_name(std::uint64_t epoch, const HostId& host);

// A number as 20 digits, so that names are in the order of their numbers, and the number that a key
// begins with. Nullopt: it is not the name of such a record.
std::string numbered_key(std::uint64_t number);
std::optional<std::uint64_t> number_in_key(std::string_view key);

}  // namespace store
