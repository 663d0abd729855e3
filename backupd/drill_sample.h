// What a drill tries: some folders of some snapshots, whole where they are small.
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
  std::vector<store::MessageEntry> messages;  // by UID
  bool is_whole = false;                      // all that the folder holds
};

struct Sample {
  std::vector<FolderSample> folders;
  // What could not even be listed.
  struct Unreadable {
    store::SnapshotInfo snapshot;
    std::string folder;  // as it is shown; empty: the whole snapshot
    std::string why;
  };
  std::vector<Unreadable> unreadable;
};

// At most `messages` of them, fewer where the store has fewer. Every account is as likely as any
// other, every snapshot of it too, and in a snapshot every message. The same for the same seed
// while the store is the same.
Sample draw_sample(store::Reader& reader, std::uint64_t messages, std::uint64_t seed);

}  // namespace backupd
