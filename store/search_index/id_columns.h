// An id in two columns of the search index: a number of its first 8 bytes, big-endian, which is
// fast to look up, and a blob of the other 24.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "store/format/object_id.h"

namespace store {

inline constexpr std::size_t kIdKeySize = 8;

inline std::uint64_t key_of(const ObjectId& id) {
  std::uint64_t key = 0;
  for (std::size_t i = 0; i < kIdKeySize; ++i) {
    key = key << 8U | static_cast<std::uint64_t>(id.bytes.at(i));
  }
  return key;
}

inline std::int64_t key_column(const ObjectId& id) {
  return static_cast<std::int64_t>(key_of(id));
}

inline base::ByteView rest_of(const ObjectId& id) {
  return base::ByteView(id.bytes).subspan(kIdKeySize);
}

inline ObjectId id_from(std::int64_t key, base::ByteView rest) {
  ObjectId id;
  for (std::size_t i = 0; i < kIdKeySize; ++i) {
    id.bytes.at(i) =
        static_cast<std::byte>(static_cast<std::uint64_t>(key) >> (8 * (kIdKeySize - 1 - i)));
  }
  std::ranges::copy(rest.first(std::min(rest.size(), id.bytes.size() - kIdKeySize)),
                    id.bytes.begin() + kIdKeySize);
  return id;
}

}  // namespace store
