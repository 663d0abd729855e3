// Blocks of manifests that this machine keeps on its disk, sealed as they are in their packs, so
// that a store in a bucket is not requested for them again: each backup reads the last state of
// every folder that has changed.
//
// Nothing depends on it: what is found proves itself when it is opened, and is removed by its user
// if it does not. So nothing is synced, and nothing fails: what can't be kept is left out, with a
// line in the log. Several processes may use one directory.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

#include "base/bytes.h"
#include "base/file_system.h"
#include "store/format/block.h"
#include "store/format/location.h"

namespace store {

// Thread-safe.
class BlockCache {
 public:
  // In cache_directory() (store/format/layout.h), which is created when the first block is kept: at
  // most Location::cache_bytes, and no more than leaves twice Location::keep_free on its disk, so
  // that no backup stops because of it.
  // Processes that fill it at the same time may each exceed that by a sixteenth.
  explicit BlockCache(const Location& location);

  // Header and box; nullopt: it is not kept. A block that was found stays for longer.
  std::optional<base::Bytes> find(const BlockHeader& header);

  // `sealed`: header and box, exactly as in the pack. The blocks that were used least recently make
  // room for it.
  void add(const BlockHeader& header, base::ByteView sealed);

  // Removes the blocks of packs for which `exists` returns false: what was deleted from the store
  // is not left here.
  void keep_only(const std::function<bool(const PackId& pack)>& exists);

  // For a block that was found and is not what was sealed. Returns whether it was there, and is
  // gone now.
  bool remove(const BlockHeader& header);

 private:
  base::Path path_of(const BlockHeader& header) const;
  std::optional<base::Bytes> read(const BlockHeader& header);
  void write(const base::Path& path, base::ByteView sealed);
  void make_room(std::uint64_t size);

  base::Path directory_;
  std::uint64_t limit_ = 0;  // 0: nothing is kept
  std::uint64_t keep_free_ = 0;

  std::mutex mutex_;           // of what follows
  bool is_known_ = false;      // the directory has been read
  std::uint64_t bytes_ = 0;    // in it, as far as is known
  std::uint64_t added_ = 0;    // since it was read
  std::uint64_t allowed_ = 0;  // when it was read
  bool is_writable_ = true;
};

}  // namespace store
