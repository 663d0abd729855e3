// Owned and borrowed bytes, and their conversion from and to text.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace base {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

inline ByteView as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes to_bytes(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

inline std::string to_text(ByteView bytes) {
  return std::string(as_text(bytes));
}

// Lower case, two digits per byte.
std::string to_hex(ByteView bytes);

// Returns nullopt if `hex` has an odd length or a character other than 0-9, a-f, A-F.
std::optional<Bytes> from_hex(std::string_view hex);

}  // namespace base
