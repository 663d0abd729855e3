// A tree's record as a blob (docs/pack-format.md, "Tree record").
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "store/format/block.h"
#include "store/tree_record.h"
#include "store/tree_version.h"

namespace store {

// A frame that can't be compressed is a little longer than its content.
inline constexpr std::uint64_t kMaxSealedTree = kMaxTreeRecord + (std::uint64_t{2} << 20);

// A record, how often it was put, and when last.
struct CountedTree {
  TreeRecord record;
  std::uint64_t counter = 0;
  std::optional<std::chrono::sys_seconds> written;  // nullopt: an older version of mailstow put it
};

// Fails with Unstorable.
base::Bytes seal_tree(const BlockContext& context, const TreeRecord& record, std::uint64_t counter,
                      std::chrono::sys_seconds written);

// Fails with kDamaged, also if the bytes are those of another version or another tree, and kConfig
// if a newer version of mailstow wrote them.
CountedTree open_tree(const BlockContext& context, const TreeVersion& version, base::ByteView file);

// Whether it does not fail.
bool is_tree(const BlockContext& context, const TreeVersion& version, base::ByteView file);

}  // namespace store
