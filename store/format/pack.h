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

// Nothing in it is needed to read a pack, except in version 1: the end of the pack has it too.
struct PackHeader {
  StoreId store{};
  PackId pack{};
  Effort effort = Effort::kFast;

  base::Bytes encode() const;
  // Fails with kDamaged, or kConfig if the version is newer than this program; the message begins
  // with `name`.
  static PackHeader decode(base::ByteView bytes, const std::string& name);
};

// `trailer_size`: of its block, header and box.
base::Bytes encode_footer(const PackId& pack, std::uint64_t trailer_size, Effort effort);

// The content of a trailer's block.
base::Bytes encode_trailer(const std::vector<BlockEntry>& blocks);
std::vector<BlockEntry> decode_trailer(base::ByteView plain);

// A pack to read from. The reading functions fail with kDamaged if the pack is missing, and as its
// storage or file does.
class PackFile {
 public:
  PackFile(std::unique_ptr<base::File> file, std::string name);

  // The pack in `storage`, which must outlive it. Nothing is requested before something is read.
  // `size` is the pack's, if it is known: less is read with the trailer of a small pack.
  static PackFile open(Storage& storage, const PackName& name, std::uint64_t size = 0);

  // For a pack that may be missing: reads its end. Returns nullopt if there is no such pack.
  static std::optional<PackFile> find(Storage& storage, const PackName& name,
                                      std::uint64_t size = 0);

  PackFile(PackFile&&) noexcept;
  PackFile& operator=(PackFile&&) noexcept;
  ~PackFile();

  // The pack's own description of its content, checked as far as trailer and footer allow. Takes
  // one request, which find() may have made already, and another one for the rest of a trailer that
  // is larger than usual. What was read with it is kept: later reads are served from there.
  // The header is checked if it is among that; a pack of version 1 takes a request for it.
  Pack read_trailer(const BlockContext& context, const PackName& pack, Decompressor& decompressor);

  // Header and box of a block. Fails with kDamaged if the file ends too early.
  base::Bytes read_block(std::uint64_t place, std::uint32_t sealed_length);

  // Neighbouring blocks, header and box of each, with one read. Fails likewise.
  base::Bytes read_run(std::uint64_t place, std::size_t size) { return read(place, size); }

  // Reads the whole pack once and returns its digest. If it has at most `limit` bytes, this is one
  // request, and all later reads are served from memory.
  Sha256 hold(std::uint64_t limit);

  const std::string& name() const { return name_; }

 private:
  class Source;
  class FileSource;
  class BlobSource;

  PackFile(std::unique_ptr<Source> source, std::string name, std::uint64_t size);

  base::Bytes read(std::uint64_t place, std::size_t size);
  std::size_t read_at(std::uint64_t place, std::span<std::byte> out);
  bool read_end();
  PackHeader read_header(const BlockContext& context);
  Pack read_from_end(const BlockContext& context, const std::optional<PackHeader>& header,
                     Decompressor& decompressor);
  base::Bytes read_trailer_block(std::uint64_t place, std::uint64_t end);

  std::unique_ptr<Source> source_;
  std::string name_;  // for messages
  std::uint64_t known_size_ = 0;
  // The pack's bytes from `kept_place_` to its end.
  std::optional<base::Bytes> kept_;
  std::uint64_t kept_place_ = 0;
};

}  // namespace store
