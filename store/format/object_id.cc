#include "store/format/object_id.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"

namespace store {

std::string ObjectId::hex() const {
  return base::to_hex(bytes);
}

std::optional<ObjectId> ObjectId::from_hex(std::string_view hex) {
  const std::optional<base::Bytes> decoded = base::from_hex(hex);
  if (!decoded || decoded->size() != kSize) return std::nullopt;
  ObjectId id;
  std::copy(decoded->begin(), decoded->end(), id.bytes.begin());
  return id;
}

std::string Sha256::hex() const {
  return base::to_hex(bytes);
}

}  // namespace store

// An id is uniformly distributed already.
std::size_t std::hash<store::ObjectId>::operator()(const store::ObjectId& id) const noexcept {
  std::size_t value = 0;
  std::memcpy(&value, id.bytes.data(), sizeof value);
  return value;
}
