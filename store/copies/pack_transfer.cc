#include "store/copies/pack_transfer.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/error.h"
#include "store/format/crypto.h"
#include "store/format/layout.h"

namespace store {

namespace {

constexpr std::size_t kTransferPiece = std::size_t{16} << 20;

// Returns why the bytes can't be read, or "".
std::string read_piece(Storage& store, const PackName& name, std::uint64_t offset,
                       std::optional<base::Bytes>& piece) {
  try {
    piece = store.get_range(blob_of(name), offset, kTransferPiece);
    return piece ? "" : missing_pack(store, name);
  } catch (const base::Error& error) {
    const bool is_unreadable =
        error.code() == base::ErrorCode::kDamaged || error.code() == base::ErrorCode::kIo;
    if (!is_unreadable) throw;
    return error.what();
  }
}

}  // namespace

SentPack send_pack(Storage& store, Storage& copy, const PackName& name) {
  SentPack sent;
  Sha256Hash hash;
  const std::unique_ptr<Upload> upload = copy.upload(kPacksArea);
  for (std::size_t length = kTransferPiece; length == kTransferPiece;) {
    std::optional<base::Bytes> piece;
    sent.trouble = read_piece(store, name, sent.bytes, piece);
    if (!sent.trouble.empty()) return sent;
    length = piece->size();
    sent.bytes += length;
    hash.update(*piece);
    upload->write(*piece);
  }
  if (hash.finish() == name) {
    upload->publish(name.hex());
  } else {
    sent.trouble = fmt::format("pack {}: its digest does not match its name",
                               store.display_name(blob_of(name)));
  }
  return sent;
}

bool holds_commit(Storage& store, const BlockContext& context, const PackName& name) {
  Decompressor decompressor;
  const Pack pack = PackFile::open(store, name).read_trailer(context, name, decompressor);
  return std::ranges::any_of(pack.blocks, [](const BlockEntry& block) {
    return std::ranges::any_of(block.objects, [](const ObjectEntry& object) {
      return object.type == ObjectType::kCommit;
    });
  });
}

}  // namespace store
