#include "store/message_groups.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "store/message/recipe.h"

namespace store {

namespace {

constexpr std::size_t kMaxMessages = 512;  // of a group: their parts are looked up in advance

}  // namespace

MessageGroup MessageGroups::next() {
  MessageGroup group;
  listed_.clear();
  bytes_ = 0;
  std::size_t count = 0;
  for (; count < std::min(rest_.size(), kMaxMessages); ++count) {
    if (count > 0 && !objects_.touch(rest_[count].place.block)) break;
    Needs needs = needs_of(rest_[count], group.parts);
    // The first message is in the group whatever it needs; the rest of it is not read ahead.
    if (!add(needs.blocks, kMaxBytes, group) && count > 0) break;
    group.parts.merge(needs.parts);
  }
  group.messages = rest_.first(count);
  rest_ = rest_.subspan(count);
  if (group.messages.empty()) return group;
  const std::int64_t last = group.messages.back().place.block;
  const auto following = std::ranges::upper_bound(
      rest_, last, {}, [](const PlacedMessage& message) { return message.place.block; });
  if (following != rest_.end()) add({following->place.block}, kMaxBytesAhead, group);
  return group;
}

MessageGroups::Needs MessageGroups::needs_of(const PlacedMessage& message,
                                             const ObjectReader::Places& known) {
  Needs needs;
  try {
    const ObjectView record = objects_.read_at(ObjectType::kMessage, message.id, message.place);
    for_each_part(record.bytes, [&](PartKind kind, const PartRef& part) {
      if (known.contains(part.id)) return;
      const ObjectType type = kind == PartKind::kText ? ObjectType::kText : ObjectType::kBinary;
      const std::optional<ObjectPlace> place = index_.find(type, part.id);
      if (!place) return;
      needs.parts.emplace(part.id, *place);
      needs.blocks.insert(place->block);
    });
  } catch (const base::Error&) {
    needs = {};
  }
  return needs;
}

// Returns false if they don't fit; then as many are added as do, if they are the first.
bool MessageGroups::add(const std::set<std::int64_t>& blocks, std::uint64_t limit,
                        MessageGroup& group) {
  std::vector<BlockToRead> missing;
  std::uint64_t bytes = bytes_;
  bool fits = true;
  for (const std::int64_t block : blocks) {
    if (listed_.contains(block) || objects_.touch(block)) continue;
    try {
      BlockPlace place = index_.block(block);
      fits = bytes + place.plain_length <= limit;
      if (!fits) break;
      bytes += place.plain_length;
      missing.push_back({.block = block, .place = place});
    } catch (const base::Error&) {
      continue;  // a prune has moved what was there
    }
  }
  if (!fits && !group.blocks.empty()) return false;
  for (const BlockToRead& block : missing) {
    listed_.insert(block.block);
    group.blocks.push_back(block);
  }
  bytes_ = bytes;
  return fits;
}

}  // namespace store
