// Fills one pack: objects into the blocks of their streams, blocks into a blob that appears
// complete or not at all.
//
// Each account has open blocks of its own, so that its mail lies together while several accounts
// are backed up: reading one of them does not read the others. All open blocks together have at
// most max_open_blocks() bytes; the largest is closed early to stay below. What an account has left
// when the pack is finished, or when all open blocks are small, shares blocks with the others, in
// the order of their names, unless it is worth a block of its own: small blocks compress badly.
//
// What a second account needs while its block is open goes into a block of such objects: reading
// one account would otherwise read those of the others for a logo or a signature.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "store/format/pack.h"
#include "store/format/pack_output.h"
#include "store/index/block_cache.h"
#include "store/sealing_pool.h"
#include "store/storage/storage.h"

namespace store {

// The zstd level for the pool that seals a pack's blocks. Measured: docs/pack-format.md, "Blocks:
// sizes and levels".
int compression_level(Effort effort);

// Bytes before compression. A prune writes one account after another, and needs the memory for
// compressing.
constexpr std::uint64_t max_open_blocks(Effort effort) {
  return std::uint64_t{effort == Effort::kFast ? 32U : 16U} << 20;
}

class PackWriter {
 public:
  // All arguments must outlive the writer. The pool must be empty, and used by this writer alone.
  // `cache`: keeps blocks of manifests, which are read soon; may be null.
  PackWriter(Storage& storage, const BlockContext& context, SealingPool& pool,
             Effort effort = Effort::kFast, BlockCache* cache = nullptr);

  // `message_size` is for a kMessage only, `account` for messages and parts. If memory runs out,
  // nothing is added, and the pack remains usable unless it is_torn(); the same is true of
  // finish().
  void add(ObjectType type, const ObjectId& id, base::ByteView object,
           std::uint64_t message_size = 0, std::string_view account = {});

  // An account needs an object that add() added, maybe for another one.
  void note_need(const ObjectId& id, std::string_view account);

  // Returns whether the pack is full: the next object should go into another pack.
  bool full() const;

  // Writes everything, and publishes the pack under its name.
  Pack finish();

  // After a failure: whether a part of the pack is lost.
  bool is_torn() const { return is_torn_; }

 private:
  struct OpenBlock {
    explicit OpenBlock(Stream of) : stream(of), builder(of) {}
    Stream stream;
    BlockBuilder builder;
    std::vector<ObjectEntry> objects;
  };

  // Which accounts need an object in an open block.
  struct Need {
    std::size_t first_account = 0;  // the hash of its name
    bool is_common = false;         // another account needs it, too
  };

  OpenBlock& block_for(Stream stream, std::string_view account);
  bool is_common(const ObjectId& id) const;
  void take_out_common(OpenBlock& block);
  bool is_single() const;
  void make_room_for(std::size_t bytes);
  void flush(OpenBlock& block);
  void flush_all(Stream stream);
  static void join(OpenBlock& block, OpenBlock& into);
  void write_next_block();
  void write(base::Bytes bytes);

  const BlockContext& context_;
  SealingPool& pool_;
  std::unique_ptr<Upload> upload_;
  PackOutput output_{*upload_};
  std::uint64_t size_ = 0;  // of the bytes passed to output_
  PackId id_{};
  Effort effort_;
  BlockCache* cache_;
  std::map<std::pair<std::string, Stream>, OpenBlock, std::less<>> open_;  // by account
  std::uint64_t open_bytes_ = 0;
  std::unordered_map<ObjectId, Need> needs_;  // of messages and parts in open blocks
  std::vector<BlockEntry> blocks_;            // their lengths are known once they are written
  std::size_t written_blocks_ = 0;
  std::uint64_t unsealed_bytes_ = 0;  // in open blocks and in the pool
  std::size_t objects_ = 0;
  bool is_torn_ = false;
};

}  // namespace store
