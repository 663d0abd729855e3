#include "store/format/commit_record.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.h"
#include "store/format/encoding.h"
#include "store/format/layout.h"
#include "store/format/right_version.h"
#include "store/format/sealed_blob.h"

namespace store {

namespace {

constexpr BlobMark kCommitMark = "MSTWCMIT";

}  // namespace

base::Bytes CommitRecord::seal(const BlockContext& context, const BlobName& name) const {
  Encoder encoder;
  encoder.varint(number);
  encoder.varint(last);
  encoder.id(commit);
  encoder.id(previous);
  encoder.raw(pack.bytes);
  encoder.varint(epoch);
  encoder.raw(host);
  encoder.raw(random);
  return seal_blob(context, kCommitMark, name, encoder.view());
}

CommitRecord CommitRecord::open(const BlockContext& context, const BlobName& name,
                                base::ByteView bytes, const std::string& shown) {
  const base::Bytes plain = unseal_blob(context, kCommitMark, name, bytes, shown);
  Decoder decoder(plain, "a commit record");
  CommitRecord record;
  record.number = decoder.varint(INT64_MAX);
  record.last = decoder.varint(INT64_MAX);
  record.commit = decoder.id();
  record.previous = decoder.id();
  record.pack = decoder.sha256();
  record.epoch = decoder.varint(INT64_MAX);
  std::ranges::copy(decoder.raw(record.host.size()), record.host.begin());
  std::ranges::copy(decoder.raw(record.random.size()), record.random.begin());
  decoder.end();
  if (number_in_key(name.key()) != record.number) decoder.malformed("its name has another number");
  if (record.last < record.number) decoder.malformed("it ends before it begins");
  return record;
}

std::optional<CommitRecord> read_commit_record(Storage& storage, const BlockContext& context,
                                               const BlobName& name) {
  const auto read = [&]() -> std::optional<CommitRecord> {
    const std::optional<base::Bytes> bytes = storage.get(name, kMaxSealedBlob);
    if (!bytes) return std::nullopt;
    return CommitRecord::open(context, name, *bytes, storage.display_name(name));
  };
  const auto is_right = [&](base::ByteView bytes) {
    try {
      CommitRecord::open(context, name, bytes, "");
      return true;
    } catch (const base::Error&) {
      return false;
    }
  };
  try {
    return read();
  } catch (const base::Error& error) {
    using base::ErrorCode;
    if (error.code() != ErrorCode::kDamaged && error.code() != ErrorCode::kConfig) throw;
    if (!choose_right_version(storage, name, kMaxSealedBlob, is_right)) throw;
  }
  return read();
}

BlobName commit_record_name(std::uint64_t number) {
  return {kCommitsArea, numbered_key(number)};
}

BlobName commit_record_name(std::uint64_t number, std::uint64_t epoch, const HostId& host) {
  return {kCommitsArea,
          fmt::format("{}.{}.{}", numbered_key(number), numbered_key(epoch), base::to_hex(host))};
}

BlobName fence_name(std::uint64_t number) {
  return {kFencesArea, numbered_key(number)};
}

}  // namespace store
