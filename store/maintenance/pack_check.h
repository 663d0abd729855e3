// Checks that a pack is what was written, and that the index describes it correctly.
//
// With kReadData the pack is read once, front to back, and kept in memory meanwhile: at most
// kMaxHeldPack bytes, 24 MiB of decompressed blocks, and the two blocks that are being opened. Of a
// larger pack, which no writer makes, blocks are read again. Its sound blocks of manifests are kept
// for the walk over the snapshots, which would read them a second time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "store/format/commit.h"
#include "store/format/pack.h"
#include "store/index/index.h"
#include "store/index/kept_blocks.h"
#include "store/index/object_reader.h"
#include "store/maintenance/check.h"
#include "store/maintenance/reading_allowance.h"
#include "store/storage/storage.h"

namespace store {

// A pack has 64 MiB, and half of what was still to be sealed when it was full: at most 32 MiB in
// open blocks, and five blocks of 8 MiB in the pool.
inline constexpr std::uint64_t kMaxHeldPack = std::uint64_t{128} << 20;

// A message that was not rebuilt, because some of its parts are in other packs. Its record is well
// formed, and the index knows its parts, with their lengths. It is intact if those packs are: their
// parts are compared with their ids there.
struct MessageElsewhere {
  MessageId id;
  ObjectPlace place;
  std::set<PackName> packs;  // the other ones
};

struct PackFindings {
  std::vector<std::string> damage;
  bool is_damaged = false;      // the file itself; otherwise the index is wrong about it
  bool is_newer = false;        // its format version is newer than this program
  bool has_no_trailer = false;  // so that nothing in it was checked
  std::vector<std::pair<ObjectId, Commit>> commits;

  // With kReadData only.
  std::uint64_t messages = 0;                         // whose records are in it
  std::map<MessageId, std::string> damaged_messages;  // with the reasons
  std::vector<MessageElsewhere> elsewhere;
};

// One pack at a time, each with a PackCheck of its own.
class PackCheck {
 public:
  // All arguments must outlive the check.
  PackCheck(Storage& storage, const BlockContext& context, Index& index,
            ReadingAllowance& allowance, KeptBlocks& manifests);

  PackFindings run(const PackName& name, CheckDepth depth);

 private:
  void inspect(PackFile& file, const PackName& name, CheckDepth depth, PackFindings& findings);
  void compare_with_index(const Pack& pack, const std::string& file, PackFindings& findings);
  bool is_at(const ObjectEntry& object, const ObjectPlace& place);
  void read_blocks(PackFile& file, const Pack& pack, PackFindings& findings);
  void read_block(PackFile& file, const Pack& pack, std::size_t ordinal);
  void rebuild_messages(const Pack& pack, PackFindings& findings);
  std::optional<MessageElsewhere> find_elsewhere(const Pack& pack, const ObjectEntry& record,
                                                 const ObjectPlace& place,
                                                 const std::unordered_set<ObjectId>& parts_here);

  Storage& storage_;
  const BlockContext& context_;
  Index& index_;
  ReadingAllowance& allowance_;
  KeptBlocks& manifests_;
  Decompressor decompressor_;
  ObjectReader objects_;
};

}  // namespace store
