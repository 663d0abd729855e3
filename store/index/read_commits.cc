#include "store/index/read_commits.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.h"

namespace store {

std::vector<std::pair<ObjectId, Commit>> read_commits(PackFile& file, const Pack& pack,
                                                      const BlockContext& context,
                                                      Decompressor& decompressor) {
  std::vector<std::pair<ObjectId, Commit>> commits;
  for (std::size_t ordinal = 0; ordinal < pack.blocks.size(); ++ordinal) {
    const BlockEntry& block = pack.blocks[ordinal];
    const bool has_commit = std::ranges::any_of(
        block.objects, [](const auto& object) { return object.type == ObjectType::kCommit; });
    if (!has_commit) continue;
    const base::Bytes plain = open_block(
        context, block.header(pack.id, ordinal), file.read_block(block.place, block.sealed_length),
        decompressor, fmt::format("{}: block {}", file.name(), ordinal));
    for (const ObjectEntry& object : block.objects) {
      if (object.type != ObjectType::kCommit) continue;
      if (object.start + std::uint64_t{object.length} > plain.size()) {
        base::fail(base::ErrorCode::kDamaged, "{}: its trailer does not match its blocks",
                   file.name());
      }
      const base::ByteView bytes = base::ByteView(plain).subspan(object.start, object.length);
      commits.emplace_back(object.id, Commit::decode(bytes));
    }
  }
  std::ranges::sort(commits, {}, [](const auto& commit) { return commit.second.number; });
  return commits;
}

}  // namespace store
