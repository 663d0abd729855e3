// Messages in the order of their places, divided into groups: the blocks that a group needs are
// read ahead while the messages before it are used.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "store/format/object_id.h"
#include "store/index/index.h"
#include "store/index/object_reader.h"
#include "store/index/read_ahead.h"

namespace store {

struct PlacedMessage {
  ObjectId id;
  ObjectPlace place;         // of its record
  std::size_t position = 0;  // for the caller
};

struct MessageGroup {
  std::span<const PlacedMessage> messages;  // empty: the end
  std::vector<BlockToRead> blocks;          // those that are not cached
  ObjectReader::Places parts;
};

// One thread at a time. What can't be read or found is left out of `blocks` and `parts`: reading
// the message itself gives the error.
class MessageGroups {
 public:
  // Before compression, of the blocks of a group. The record block that follows is read as well.
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{16} << 20;
  static constexpr std::uint64_t kMaxBytesAhead = kMaxBytes + (std::uint64_t{8} << 20);

  // All arguments must outlive it. The messages must be in the order of their places.
  MessageGroups(ObjectReader& objects, Index& index, std::span<const PlacedMessage> messages)
      : objects_(objects), index_(index), rest_(messages) {}

  // Reads the records of the group's messages, which are in blocks of the groups before it, except
  // those of the first.
  MessageGroup next();

 private:
  struct Needs {
    std::set<std::int64_t> blocks;
    ObjectReader::Places parts;
  };

  Needs needs_of(const PlacedMessage& message, const ObjectReader::Places& known);
  bool add(const std::set<std::int64_t>& blocks, std::uint64_t limit, MessageGroup& group);

  ObjectReader& objects_;
  Index& index_;
  std::span<const PlacedMessage> rest_;
  std::set<std::int64_t> listed_;  // blocks of the group
  std::uint64_t bytes_ = 0;        // of these
};

}  // namespace store
