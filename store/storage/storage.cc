#include "store/storage/storage.h"

#include <algorithm>

#include <fmt/core.h>

namespace store {

std::optional<base::Bytes> Storage::get_range(const BlobName& name, std::uint64_t offset,
                                              std::size_t size) {
  base::Bytes bytes(size);
  const std::optional<std::size_t> length = read_at(name, offset, bytes);
  if (!length) return std::nullopt;
  bytes.resize(*length);
  return bytes;
}

Created compare_with_existing(Storage& storage, const BlobName& name, base::ByteView bytes) {
  const std::optional<base::Bytes> existing = storage.get_range(name, 0, bytes.size() + 1);
  if (!existing) {
    // Removed since, or not readable yet: a repetition decides.
    throw StorageError(Trouble::kUnanswered,
                       fmt::format("create {}: it exists, but can't be read: try again",
                                   storage.display_name(name)));
  }
  return std::ranges::equal(*existing, bytes) ? Created::kYes : Created::kExists;
}

}  // namespace store
