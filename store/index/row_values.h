// How the types of the store are written in the index's tables: what several tables need.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "base/bytes.h"
#include "base/error.h"
#include "store/format/pack.h"

namespace store {

inline std::int64_t as_integer(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

inline std::chrono::sys_seconds time_from(std::int64_t seconds) {
  return std::chrono::sys_seconds(std::chrono::seconds(seconds));
}

// Fails with kDamaged unless the blob has exactly the length of a digest.
template <typename Digest>
Digest digest_from(base::ByteView blob) {
  Digest digest;
  if (blob.size() != digest.bytes.size()) {
    base::fail(base::ErrorCode::kDamaged,
               "use index: an id of {} bytes: rebuild it with mailstow-backupd reindex",
               blob.size());
  }
  std::ranges::copy(blob, digest.bytes.begin());
  return digest;
}

// pack_of() in SQL; `block` is a column.
inline std::string sql_pack_of(std::string_view block) {
  return fmt::format("{} / {}", block, kMaxBlocks);
}

}  // namespace store
