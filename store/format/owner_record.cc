#include "store/format/owner_record.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "base/error.h"
#include "store/format/encoding.h"
#include "store/format/layout.h"
#include "store/format/sealed_blob.h"

namespace store {

namespace {

constexpr BlobMark kOwnerMark = "MSTWOWNR";
constexpr std::size_t kMaxHostName = 255;  // bytes
constexpr std::size_t kNumberDigits = 20;

}  // namespace

base::Bytes OwnerRecord::seal(const BlockContext& context, const BlobName& name) const {
  Encoder encoder;
  encoder.varint(epoch);
  encoder.raw(host);
  encoder.text(std::string_view(host_name).substr(0, kMaxHostName));
  encoder.time(since);
  encoder.raw(random);
  return seal_blob(context, kOwnerMark, name, encoder.view());
}

OwnerRecord OwnerRecord::open(const BlockContext& context, const BlobName& name,
                              base::ByteView bytes, const std::string& shown) {
  const base::Bytes plain = unseal_blob(context, kOwnerMark, name, bytes, shown);
  Decoder decoder(plain, "an owner record");
  OwnerRecord record;
  record.epoch = decoder.varint(INT64_MAX);
  std::ranges::copy(decoder.raw(record.host.size()), record.host.begin());
  record.host_name = decoder.text();
  record.since = decoder.time();
  std::ranges::copy(decoder.raw(record.random.size()), record.random.begin());
  decoder.end();
  if (number_in_key(name.key()) != record.epoch) decoder.malformed("its name has another epoch");
  return record;
}

bool OwnerRecord::is_one(const BlockContext& context, const BlobName& name, base::ByteView bytes) {
  try {
    static_cast<void>(open(context, name, bytes, ""));
    return true;
  } catch (const base::Error&) {
    return false;
  }
}

BlobName owner_record_name(std::uint64_t epoch) {
  return {kOwnerArea, numbered_key(epoch)};
}

BlobName owner_record_name(std::uint64_t epoch, const HostId& host) {
  return {kOwnerArea, fmt::format("{}.{}", numbered_key(epoch), base::to_hex(host))};
}

std::string numbered_key(std::uint64_t number) {
  return fmt::format("{:020}", number);
}

std::optional<std::uint64_t> number_in_key(std::string_view key) {
  const std::string_view digits = key.substr(0, kNumberDigits);
  if (digits.size() < kNumberDigits) return std::nullopt;
  if (key.size() > kNumberDigits && key[kNumberDigits] != '.') return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || stopped != end) return std::nullopt;
  // What exceeds this was written by no mailstow, and could not be followed by a higher number.
  if (number == 0 || number > INT64_MAX) return std::nullopt;
  return number;
}

}  // namespace store
