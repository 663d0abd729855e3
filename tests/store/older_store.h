// Stores as older versions of mailstow left them.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "store/format/commit.h"
#include "store/format/location.h"
#include "store/write_session.h"

namespace store {

// The commits of the first version have no sequences. A checkpoint's lines replace all earlier
// ones; these come in the order of their ids. Afterwards the index must be rebuilt.
inline void forget_sequences(const Location& location, base::FileSystem& files,
                             const base::Clock& clock) {
  WriteSession session(location, files, clock, Effort::kFast);
  std::map<ObjectId, SnapshotLine> lines;
  for (const std::string& account : session.index().accounts()) {
    for (SnapshotLine line : session.index().lines(account)) {
      line.sequence = 0;
      lines.emplace(snapshot_id(session.context().keys, line), line);
    }
  }
  Commit checkpoint;
  checkpoint.is_checkpoint = true;
  for (const auto& [id, line] : lines) checkpoint.snapshots.push_back(line);
  session.commit({checkpoint});
}

}  // namespace store
