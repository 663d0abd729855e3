// The sample that a drill restores: some folders of some snapshots; small folders as a whole.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/format/snapshot.h"
#include "store/reader.h"

namespace backupd {

struct FolderSample {
  store::SnapshotInfo snapshot;
  store::FolderRecord folder;
  std::vector<store::MessageEntry> messages;  // in UID order
  bool is_whole = false;                      // `messages` are all of the folder's
};

struct Sample {
  std::vector<FolderSample> folders;
  // A snapshot or folder that could not even be listed.
  struct Unreadable {
    store::SnapshotInfo snapshot;
    std::string folder;  // shown name; empty: the whole snapshot
    std::string why;
  };
  std::vector<Unreadable> unreadable;
};

// Draws at most `messages` messages, fewer if the store has fewer. All accounts are equally likely,
// as are all snapshots of an account and all messages of a snapshot. The same seed draws the same
// sample as long as the store does not change.
Sample draw_sample(store::Reader& reader, std::uint64_t messages, std::uint64_t seed);

}  // namespace backupd
