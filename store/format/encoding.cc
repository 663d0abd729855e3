#include "store/format/encoding.h"

#include <algorithm>

#include "base/error.h"

namespace store {

namespace {

constexpr unsigned kPayloadBits = 7;
constexpr std::uint8_t kMore = 0x80;
constexpr unsigned kByteBits = 8;

}  // namespace

void Encoder::fixed(std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i, value >>= kByteBits) u8(static_cast<std::uint8_t>(value));
}

void Encoder::varint(std::uint64_t value) {
  for (; value >= kMore; value >>= kPayloadBits) u8(static_cast<std::uint8_t>(value | kMore));
  u8(static_cast<std::uint8_t>(value));
}

void Encoder::time(std::chrono::sys_seconds time) {
  signed_varint(time.time_since_epoch().count());
}

void Encoder::signed_varint(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  varint((bits << 1U) ^ (value < 0 ? UINT64_MAX : 0));
}

void Encoder::raw(base::ByteView bytes) {
  out_.insert(out_.end(), bytes.begin(), bytes.end());
}

void Encoder::text(std::string_view text) {
  varint(text.size());
  raw(base::as_bytes(text));
}

void Encoder::properties(const std::vector<Property>& properties) {
  varint(properties.size());
  for (const Property& property : properties) {
    text(property.name);
    text(property.value);
  }
}

std::uint64_t Decoder::fixed(int size) {
  const base::ByteView bytes = raw(static_cast<std::size_t>(size));
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    value = value << kByteBits | static_cast<std::uint64_t>(bytes[i]);
  }
  return value;
}

std::uint64_t Decoder::varint(std::uint64_t largest) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += kPayloadBits) {
    const std::uint8_t byte = u8();
    const std::uint64_t payload = byte & (kMore - 1U);
    if (shift > 63 || (shift == 63 && payload > 1)) malformed("a number is too large");
    value |= payload << shift;
    if ((byte & kMore) == 0) break;
  }
  if (value > largest) malformed("a number is too large");
  return value;
}

std::chrono::sys_seconds Decoder::time() {
  return std::chrono::sys_seconds(std::chrono::seconds(signed_varint()));
}

std::int64_t Decoder::signed_varint() {
  const std::uint64_t bits = varint();
  return static_cast<std::int64_t>((bits >> 1U) ^ ((bits & 1U) != 0 ? UINT64_MAX : 0));
}

base::ByteView Decoder::raw(std::size_t size) {
  if (size > rest_.size()) malformed("it ends early");
  const base::ByteView bytes = rest_.first(size);
  rest_ = rest_.subspan(size);
  return bytes;
}

std::string Decoder::text() {
  return base::to_text(raw(static_cast<std::size_t>(varint())));
}

ObjectId Decoder::id() {
  ObjectId id;
  std::ranges::copy(raw(ObjectId::kSize), id.bytes.begin());
  return id;
}

Sha256 Decoder::sha256() {
  Sha256 digest;
  std::ranges::copy(raw(digest.bytes.size()), digest.bytes.begin());
  return digest;
}

std::vector<Property> Decoder::properties() {
  std::vector<Property> properties(count(2));
  for (Property& property : properties) {
    property.name = text();
    property.value = text();
  }
  return properties;
}

std::size_t Decoder::count(std::size_t smallest) {
  return static_cast<std::size_t>(varint(rest_.size() / smallest));
}

void Decoder::end() {
  if (!rest_.empty()) malformed("extra bytes follow its end");
}

void Decoder::malformed(const char* why) const {
  base::fail(base::ErrorCode::kDamaged, "read {}: {}", what_, why);
}

void Decoder::newer() const {
  base::fail(base::ErrorCode::kConfig,
             "read {}: a newer version of mailstow wrote it: update mailstow", what_);
}

}  // namespace store
