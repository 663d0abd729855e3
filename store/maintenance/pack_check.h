// Checks that a pack is what was written, and that the index describes it correctly.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "store/format/commit.h"
#include "store/format/pack.h"
#include "store/index/index.h"
#include "store/maintenance/check.h"

namespace store {

struct PackFindings {
  std::vector<std::string> damage;
  bool is_damaged = false;      // the file itself; otherwise the index is wrong about it
  bool is_newer = false;        // its format version is newer than this program
  bool has_no_trailer = false;  // so that nothing in it was checked
  std::vector<std::pair<ObjectId, Commit>> commits;
  std::vector<std::size_t> record_blocks;  // ordinals
};

class PackCheck {
 public:
  // All arguments must outlive the check.
  PackCheck(base::FileSystem& files, base::Path packs, const BlockContext& context, Index& index);

  // Fails with kConfig if a newer mailstow wrote the pack.
  PackFindings run(const PackName& name, CheckDepth depth);

  // Rebuilds the messages whose records are in a block; adds damage to `damaged`. Returns the
  // number of messages.
  std::uint64_t rebuild(const PackName& name, std::size_t record_block,
                        const std::function<void(const MessageId&, const std::string&)>& damaged);

 private:
  void inspect(const PackName& name, CheckDepth depth, PackFindings& findings);
  void compare_with_index(const Pack& pack, const std::string& file, PackFindings& findings);
  bool is_at(const ObjectEntry& object, const ObjectPlace& place);
  void read_blocks(PackFile& file, const Pack& pack, PackFindings& findings);
  void read_block(PackFile& file, const Pack& pack, std::size_t ordinal);

  base::FileSystem& files_;
  base::Path packs_;
  const BlockContext& context_;
  Index& index_;
  Decompressor decompressor_;
};

}  // namespace store
