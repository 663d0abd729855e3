// A pack: an immutable file of blocks that describes itself (docs/pack-format.md, "Pack").
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/file_system.h"
#include "store/format/block.h"
#include "store/format/object_id.h"
#include "store/format/object_type.h"
#include "store/storage/storage.h"

namespace store {

// SHA-256 of the file's bytes; in hex it is the file's name.
using PackName = Sha256;

// The pack that a file of this name is; nullopt if it is not named like a pack.
std::optional<PackName> pack_name(std::string_view file_name);

// The pack's name in the store's storage.
BlobName blob_of(const PackName& name);

// "pack PATH: it is missing"
std::string missing_pack(const Storage& storage, const PackName& name);

struct ObjectEntry {
  ObjectType type = ObjectType::kMessage;
  ObjectId id;
  std::uint32_t start = 0;  // in its block, before compression
  std::uint32_t length = 0;
  // For a kMessage: the size of the message that its record rebuilds.
  std::uint64_t message_size = 0;
};

struct BlockEntry {
  Stream stream = Stream::kRecords;
  std::uint64_t place = 0;  // offset of the block's header in the pack
  std::uint32_t plain_length = 0;
  std::uint32_t sealed_length = 0;
  std::vector<ObjectEntry> objects;

  // The header that the block must have.
  BlockHeader header(const PackId& pack, std::size_t ordinal) const;
};

// How hard the blocks were compressed: prune takes the time that a backup doesn't.
enum class Effort : std::uint32_t { kFast = 0, kStrong = 1 };

struct Pack {
  PackName name;
  PackId id{};
  Effort effort = Effort::kFast;
  std::uint64_t size = 0;
  std::vector<BlockEntry> blocks;  // by ordinal
};

inline constexpr std::size_t kPackHeaderSize = 64;
inline constexpr std::size_t kPackFooterSize = 48;
inline constexpr std::size_t kMaxBlocks = 65'536;  // in a pack

struct PackHeader {
  StoreId store{};
  PackId pack{};
  Effort effort = Effort::kFast;

  base::Bytes encode() const;
  // Fails with kDamaged, or kConfig if the version is newer than this program; the message begins
  // with `name`.
  static PackHeader decode(base::ByteView bytes, const std::string& name);
};

base::Bytes encode_footer(const PackId& pack, std::uint64_t trailer_place);

// The content of a trailer's block.
base::Bytes encode_trailer(const std::vector<BlockEntry>& blocks);
std::vector<BlockEntry> decode_trailer(base::ByteView plain);

// An open pack.
class PackFile {
 public:
  PackFile(std::unique_ptr<base::File> file, std::string name);

  // The pack in `storage`, which must outlive it. find() returns nullopt and open() fails with
  // kDamaged if it is missing. Both fail as the storage does.
  static std::optional<PackFile> find(Storage& storage, const PackName& name);
  static PackFile open(Storage& storage, const PackName& name);

  // The pack's own description of its content, checked as far as header, trailer and footer allow.
  // Takes one read besides the header's: another one if the trailer is larger than usual.
  Pack read_trailer(const BlockContext& context, const PackName& pack, Decompressor& decompressor);

  // Header and box of a block. Fails with kDamaged if the file ends too early.
  base::Bytes read_block(std::uint64_t place, std::uint32_t sealed_length);

  // Neighbouring blocks, header and box of each, with one read. Fails likewise.
  base::Bytes read_run(std::uint64_t place, std::size_t size) { return read(place, size); }

  // Reads the whole file once, front to back, and returns its digest. If it has at most `limit`
  // bytes they are kept, and all later reads are served from memory.
  Sha256 hold(std::uint64_t limit);

  const std::string& name() const { return name_; }

 private:
  base::Bytes read(std::uint64_t place, std::size_t size);

  base::Bytes read_tail(std::uint64_t pack_size);
  std::size_t read_at(std::uint64_t place, std::span<std::byte> out);

  std::unique_ptr<base::File> file_;
  std::string name_;  // for messages
  std::optional<base::Bytes> held_;
};

}  // namespace store
