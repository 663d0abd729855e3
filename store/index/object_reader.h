// Objects by their ids: where they lie from the index, their bytes from the packs, with the last
// blocks kept decompressed.
//
// One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/file_system.h"
#include "store/format/pack.h"
#include "store/index/index.h"

namespace store {

// An object's bytes in a block that lives as long as this does.
struct ObjectView {
  std::shared_ptr<const base::Bytes> block;
  base::ByteView bytes;
};

class ObjectReader {
 public:
  // All must outlive the reader.
  ObjectReader(base::FileSystem& files, base::Path packs, const BlockContext& context,
               Index& index);

  // Where manifests are that no pack has yet; null: it is in a pack.
  using Unpublished = std::function<const base::Bytes*(const ObjectId& id)>;
  void look_first_in(Unpublished unpublished) { unpublished_ = std::move(unpublished); }

  std::optional<ObjectPlace> find(ObjectType type, const ObjectId& id);

  // Fail with kDamaged, naming object and pack. A part's bytes are not compared with its id: the
  // message that they become is.
  ObjectView read(ObjectType type, const ObjectId& id);
  ObjectView read_at(ObjectType type, const ObjectId& id, const ObjectPlace& place);

  // A manifest, compared with its id.
  base::Bytes read_manifest(ObjectType type, const ObjectId& id);

  // What a record and the parts that it names make, whichever message that is.
  void rebuild_record(base::ByteView record, const std::function<void(base::ByteView)>& take);

  // The message, from its record and parts, compared with its id.
  base::Bytes read_message(const ObjectId& id, const ObjectPlace& place);

 private:
  struct CachedBlock {
    std::int64_t block = 0;
    std::shared_ptr<const base::Bytes> bytes;
  };

  std::shared_ptr<const base::Bytes> load(std::int64_t block);
  PackFile& open_pack(const PackName& name);

  base::FileSystem& files_;
  base::Path packs_;
  const BlockContext& context_;
  Index& index_;
  Unpublished unpublished_;
  Decompressor decompressor_;

  std::list<CachedBlock> cache_;  // the last used first
  std::unordered_map<std::int64_t, std::list<CachedBlock>::iterator> cached_;
  std::uint64_t cached_bytes_ = 0;
  std::list<std::pair<PackName, PackFile>> open_packs_;  // the last used first
};

}  // namespace store
