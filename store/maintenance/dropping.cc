#include "store/maintenance/dropping.h"

#include <string>
#include <utility>

#include "base/error.h"
#include "store/format/commit.h"
#include "store/maintenance/living_snapshots.h"
#include "store/write_session.h"

namespace store {

std::uint64_t drop_snapshots(const Location& location, base::FileSystem& files,
                             const base::Clock& clock, const std::set<ObjectId>& snapshots) {
  WriteSession session(location, files, clock, Effort::kFast);
  const std::set<ObjectId> to_drop =
      without_pinned(session.index(), snapshots, clock.now_seconds());
  Commit commit;
  for (const std::string& account : session.index().accounts()) {
    for (const SnapshotInfo& snapshot : session.index().snapshots(account)) {
      if (to_drop.contains(snapshot.id)) commit.dropped.push_back(snapshot.id);
    }
  }
  const std::uint64_t count = commit.dropped.size();
  if (count > 0) session.commit({std::move(commit)});
  return count;
}

void pin_snapshot(const Location& location, base::FileSystem& files, const base::Clock& clock,
                  const ObjectId& snapshot, std::chrono::sys_seconds until) {
  WriteSession session(location, files, clock, Effort::kFast);
  if (!session.index().root_of(snapshot)) {
    base::fail(base::ErrorCode::kNotFound, "pin snapshot {}: no such snapshot", snapshot.hex());
  }
  Commit commit;
  commit.pins = {{.snapshot = snapshot, .until = until}};
  session.commit({std::move(commit)});
}

}  // namespace store
