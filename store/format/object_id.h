// The names of objects in the store: keyed BLAKE2b-256 over type and SHA-256 of the plain bytes,
// never truncated (docs/pack-format.md, "Identity"). Equal content has one id in one store, and an
// id reveals nothing without the store's key.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace store {

struct ObjectId {
  static constexpr std::size_t kSize = 32;
  std::array<std::byte, kSize> bytes{};

  auto operator<=>(const ObjectId&) const = default;
  std::string hex() const;
  static std::optional<ObjectId> from_hex(std::string_view hex);
};

// The id of a message: `mailstow-restore messages` shows it, and `run --message` takes it.
struct MessageId {
  ObjectId object;
  auto operator<=>(const MessageId&) const = default;
};

// SHA-256 of the bytes that the server sent: for receipts, which any client can recompute.
struct Sha256 {
  std::array<std::byte, 32> bytes{};
  auto operator<=>(const Sha256&) const = default;
  std::string hex() const;
};

}  // namespace store

template <>
struct std::hash<store::ObjectId> {
  std::size_t operator()(const store::ObjectId& id) const noexcept;
};

template <>
struct std::hash<store::MessageId> {
  std::size_t operator()(const store::MessageId& id) const noexcept {
    return std::hash<store::ObjectId>()(id.object);
  }
};
