// The numbers and strings of the store's structures, as defined in docs/pack-format.md
// ("Primitives").
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "store/format/object_id.h"
#include "store/format/snapshot.h"

namespace store {

class Encoder {
 public:
  void u8(std::uint8_t value) { out_.push_back(static_cast<std::byte>(value)); }
  void u16(std::uint16_t value) { fixed(value, 2); }
  void u32(std::uint32_t value) { fixed(value, 4); }
  void u64(std::uint64_t value) { fixed(value, 8); }
  void varint(std::uint64_t value);        // LEB128
  void signed_varint(std::int64_t value);  // zigzag
  void time(std::chrono::sys_seconds time);
  void raw(base::ByteView bytes);    // without a length
  void text(std::string_view text);  // varint length, bytes
  void id(const ObjectId& id) { raw(id.bytes); }
  void properties(const std::vector<Property>& properties);

  std::size_t size() const { return out_.size(); }
  base::ByteView view() const { return out_; }
  base::Bytes take() { return std::move(out_); }

 private:
  void fixed(std::uint64_t value, int size);
  base::Bytes out_;
};

// Every read fails with kDamaged, naming `what`, if the bytes end early or violate a bound: nothing
// is ever allocated from a number that the remaining bytes can't justify. That is the only bound on
// names and values in authentic objects: writers have limits (store/format/limits.h), readers
// don't.
class Decoder {
 public:
  // `what` must outlive the decoder.
  Decoder(base::ByteView bytes, const char* what) : rest_(bytes), what_(what) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(fixed(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(fixed(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(fixed(4)); }
  std::uint64_t u64() { return fixed(8); }
  std::uint64_t varint(std::uint64_t largest = UINT64_MAX);
  std::int64_t signed_varint();
  std::chrono::sys_seconds time();
  base::ByteView raw(std::size_t size);
  std::string text();
  ObjectId id();
  Sha256 sha256();
  std::vector<Property> properties();

  // The number of items that follow, each of which takes at least `smallest` bytes (1 or more).
  std::size_t count(std::size_t smallest);

  std::size_t remaining() const { return rest_.size(); }
  void end();  // fails if something is left

  [[noreturn]] void malformed(const char* why) const;
  [[noreturn]] void newer() const;  // with kConfig: a newer version of mailstow wrote it

 private:
  std::uint64_t fixed(int size);

  base::ByteView rest_;
  const char* what_;
};

}  // namespace store
