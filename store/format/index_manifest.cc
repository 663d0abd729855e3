#include "store/format/index_manifest.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "base/error.h"
#include "store/format/encoding.h"
#include "store/format/layout.h"
#include "store/format/owner_record.h"
#include "store/format/sealed_blob.h"

namespace store {

namespace {

constexpr BlobMark kManifestMark = "MSTWICPY";
constexpr BlobMark kPartMark = "MSTWIPRT";

constexpr std::size_t kNumberSize = 20;
constexpr std::size_t kRandomSize = 8;  // bytes
constexpr std::size_t kManifestKeySize = kNumberSize + 1 + 2 * kRandomSize;
constexpr std::size_t kPartDigits = 6;
constexpr std::size_t kMaxParts = 999'999;

bool are_digits(std::string_view text, std::string_view digits) {
  return text.find_first_not_of(digits) == std::string_view::npos;
}

void encode(Encoder& encoder, const CopiedDatabase& database) {
  encoder.text(database.name);
  encoder.varint(database.version);
  encoder.varint(database.size);
  encoder.raw(database.digest.bytes);
  encoder.varint(database.parts.size());
  for (const IndexPart& part : database.parts) {
    encoder.varint(part.plain_length);
    encoder.varint(part.sealed_length);
    encoder.raw(part.digest.bytes);
  }
}

CopiedDatabase decode_database(Decoder& decoder) {
  constexpr std::size_t kSmallestPart = 1 + 1 + sizeof(Sha256);
  CopiedDatabase database;
  database.name = decoder.text();
  database.version = decoder.varint();
  database.size = decoder.varint(INT64_MAX);
  database.digest = decoder.sha256();
  database.parts.resize(decoder.count(kSmallestPart));
  std::uint64_t size = 0;
  for (IndexPart& part : database.parts) {
    part.plain_length = static_cast<std::uint32_t>(decoder.varint(kMaxBlock));
    part.sealed_length = static_cast<std::uint32_t>(decoder.varint(2 * kMaxBlock));
    part.digest = decoder.sha256();
    size += part.plain_length;
  }
  if (size != database.size) decoder.malformed("its parts do not add up");
  return database;
}

}  // namespace

base::Bytes IndexManifest::seal(const BlockContext& context, const BlobName& name) const {
  Encoder encoder;
  encoder.varint(number);
  encoder.varint(first);
  encoder.id(commit);
  encoder.time(time);
  encoder.varint(databases.size());
  for (const CopiedDatabase& database : databases) encode(encoder, database);
  return seal_blob(context, context.keys.indexes, kManifestMark, name, encoder.view());
}

IndexManifest IndexManifest::open(const BlockContext& context, const BlobName& name,
                                  base::ByteView bytes, const std::string& shown) {
  constexpr std::size_t kSmallestDatabase = 4 + sizeof(Sha256);
  const base::Bytes plain =
      unseal_blob(context, context.keys.indexes, kManifestMark, name, bytes, shown);
  Decoder decoder(plain, "the manifest of a copy of the index");
  IndexManifest manifest;
  manifest.number = decoder.varint(INT64_MAX);
  manifest.first = decoder.varint(INT64_MAX);
  manifest.commit = decoder.id();
  manifest.time = decoder.time();
  const std::size_t databases = decoder.count(kSmallestDatabase);
  for (std::size_t i = 0; i < databases; ++i) {
    manifest.databases.push_back(decode_database(decoder));
  }
  decoder.end();
  if (number_in_key(name.key()) != manifest.number) {
    decoder.malformed("its name has another number");
  }
  if (manifest.first > manifest.number) decoder.malformed("it ends before it begins");
  return manifest;
}

BlobName new_index_manifest_name(std::uint64_t number) {
  std::array<std::byte, kRandomSize> random{};
  fill_random(random);
  return {kIndexArea, fmt::format("{}.{}", numbered_key(number), base::to_hex(random))};
}

BlobName index_part_name(const BlobName& manifest, std::size_t part) {
  if (part > kMaxParts) {
    base::fail(base::ErrorCode::kInternal, "copy the index: it has more than {} parts", kMaxParts);
  }
  return {manifest.area(), fmt::format("{}.{:0{}}", manifest.key(), part, kPartDigits)};
}

bool is_index_manifest(std::string_view key) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  return key.size() == kManifestKeySize && number_in_key(key) &&
         are_digits(key.substr(kNumberSize + 1), kHexDigits);
}

std::optional<std::string> index_copy_of(std::string_view key) {
  const std::string_view manifest = key.substr(0, kManifestKeySize);
  if (!is_index_manifest(manifest)) return std::nullopt;
  const std::string_view rest = key.substr(manifest.size());
  const bool is_part = rest.size() == 1 + kPartDigits && rest.front() == '.' &&
                       are_digits(rest.substr(1), "0123456789");
  if (!rest.empty() && !is_part) return std::nullopt;
  return std::string(manifest);
}

base::Bytes seal_index_part(const BlockContext& context, const BlobName& name, base::ByteView plain,
                            Compressor& compressor) {
  return seal_blob(context, context.keys.indexes, kPartMark, name, compressor.compress(plain));
}

base::Bytes open_index_part(const BlockContext& context, const BlobName& name,
                            const IndexPart& part, base::ByteView bytes, Decompressor& decompressor,
                            const std::string& shown) {
  if (bytes.size() != part.sealed_length || sha256(bytes) != part.digest) {
    base::fail(base::ErrorCode::kDamaged, "read {}: it is not what its manifest describes", shown);
  }
  const base::Bytes frame =
      unseal_blob(context, context.keys.indexes, kPartMark, name, bytes, shown);
  return decompressor.decompress(frame, part.plain_length);
}

}  // namespace store
