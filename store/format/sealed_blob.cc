#include "store/format/sealed_blob.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "base/error.h"
#include "store/format/crypto.h"
#include "store/format/encoding.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr std::uint32_t kSealedBlobVersion = 1;
constexpr std::size_t kBlobHeadSize = 12;

base::Bytes blob_head(BlobMark mark) {
  Encoder encoder;
  encoder.raw(base::as_bytes(mark));
  encoder.u32(kSealedBlobVersion);
  return encoder.take();
}

// A blob that was copied to another name, or to another store, does not open there.
base::Bytes associated_with(const BlockContext& context, base::ByteView head,
                            const BlobName& name) {
  Encoder encoder;
  encoder.raw(context.store);
  encoder.raw(head);
  encoder.text(name.text());
  return encoder.take();
}

}  // namespace

base::Bytes seal_blob(const BlockContext& context, BlobMark mark, const BlobName& name,
                      base::ByteView plain) {
  return seal_blob(context, context.keys.records, mark, name, plain);
}

base::Bytes seal_blob(const BlockContext& context, const Key& key, BlobMark mark,
                      const BlobName& name, base::ByteView plain) {
  const base::Bytes head = blob_head(mark);
  const Nonce nonce = random_nonce();
  Encoder encoder;
  encoder.raw(head);
  encoder.raw(nonce);
  base::Bytes bytes = encoder.take();
  static_assert(kSealedBlobOverhead == kBlobHeadSize + kNonceSize + kTagSize);
  const std::size_t box = bytes.size();
  bytes.resize(box + plain.size() + kTagSize);
  seal_box(key, nonce, associated_with(context, head, name), plain, std::span(bytes).subspan(box));
  return bytes;
}

base::Bytes unseal_blob(const BlockContext& context, BlobMark mark, const BlobName& name,
                        base::ByteView bytes, const std::string& shown) {
  return unseal_blob(context, context.keys.records, mark, name, bytes, shown);
}

base::Bytes unseal_blob(const BlockContext& context, const Key& key, BlobMark mark,
                        const BlobName& name, base::ByteView bytes, const std::string& shown) {
  const base::Bytes head = blob_head(mark);
  if (bytes.size() < kBlobHeadSize + kNonceSize + kTagSize) {
    fail(ErrorCode::kDamaged, "read {}: it is too short", shown);
  }
  Nonce nonce;
  std::ranges::copy(bytes.subspan(kBlobHeadSize, kNonceSize), nonce.begin());
  std::optional<base::Bytes> plain = open_box(key, nonce, associated_with(context, head, name),
                                              bytes.subspan(kBlobHeadSize + kNonceSize));
  const base::ByteView found = bytes.first(kBlobHeadSize);
  if (plain && std::ranges::equal(found, head)) return std::move(*plain);
  // Only a version that is whole can be a newer one: a damaged head does not keep a box from
  // opening.
  const bool is_newer = !plain &&
                        std::ranges::equal(found.first(mark.size()), base::as_bytes(mark)) &&
                        !std::ranges::equal(found, head);
  if (is_newer) {
    fail(ErrorCode::kConfig, "read {}: a newer version of mailstow wrote it: update mailstow",
         shown);
  }
  fail(ErrorCode::kDamaged, "read {}: it is not what was written under this name", shown);
}

}  // namespace store
