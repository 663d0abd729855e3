// The types of the store's objects, and the stream of blocks of each.
#pragma once

#include <cstdint>

namespace store {

// The first byte of the input to an object's id hash (docs/pack-format.md, "Identity").
enum class ObjectType : std::uint8_t {
  kMessage = 1,  // the id is the message's; the stored bytes are its message record
  kText = 2,
  kBinary = 3,
  kIdentityLeaf = 4,
  kStateLeaf = 5,
  kIdentityBranch = 6,
  kStateBranch = 7,
  kFolder = 8,
  kRoot = 9,
  kCommit = 10,
  kSnapshot = 11,  // an id only: nothing is stored
};
inline constexpr std::uint8_t kLastStoredType = 10;

// Similar data compresses well together: every block holds objects of one stream.
enum class Stream : std::uint8_t {
  kRecords = 1,
  kTexts = 2,
  kBinaries = 3,
  kManifests = 4,
  kTrailer = 5,  // the one block of a pack that lists all others
};
inline constexpr std::size_t kDataStreams = 4;

// The name of the type in messages to people.
constexpr const char* name_of(ObjectType type) {
  switch (type) {
    case ObjectType::kMessage:
      return "message";
    case ObjectType::kText:
    case ObjectType::kBinary:
      return "part";
    case ObjectType::kFolder:
      return "folder";
    case ObjectType::kRoot:
      return "snapshot root";
    case ObjectType::kCommit:
      return "commit";
    default:
      return "leaf";
  }
}

constexpr Stream stream_of(ObjectType type) {
  switch (type) {
    case ObjectType::kMessage:
      return Stream::kRecords;
    case ObjectType::kText:
      return Stream::kTexts;
    case ObjectType::kBinary:
      return Stream::kBinaries;
    default:
      return Stream::kManifests;
  }
}

}  // namespace store
