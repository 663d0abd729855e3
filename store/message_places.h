// Where an account's snapshots hold one message: in which folders, from when to when.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/format/snapshot.h"
#include "store/reader.h"

namespace store {

// One UID in one generation of a folder, under one name.
struct HeldPlace {
  SnapshotInfo first;           // the oldest snapshot that has the message here
  SnapshotInfo last;            // the newest
  std::uint64_t snapshots = 0;  // number of those that have it here
  FolderInfo folder;            // as in `last`
  MessageEntry entry;           // as in `last`
};

struct MessagePlaces {
  MessageId message;
  std::vector<HeldPlace> places;        // the newest `last` first, then in the order of its folders
  std::vector<SnapshotInfo> snapshots;  // that have it in any folder, by sequence
  // In these it was not found, but they could not be searched in full; by sequence.
  std::vector<SnapshotInfo> unsearched;
  std::vector<std::string> damage;  // data that could not be searched, one line each
};

enum class PlacesWanted {
  kAll,
  // Enough to prove that the account has the message: one in the newest snapshot with it. Its entry
  // may have no more than the UID and the message.
  kOne
};

// Finds the message whose id begins with `digits` in all of the account's snapshots, rescues
// included; nullopt if none of them has one, whatever other accounts have. Reads each state of a
// folder once, however many snapshots share it. Fails with kUsage if several messages of the
// account begin with these digits, and with kDamaged if nothing was found and data could not be
// searched.
std::optional<MessagePlaces> find_message(Reader& reader, std::string_view account,
                                          const std::string& digits, PlacesWanted wanted);

}  // namespace store
