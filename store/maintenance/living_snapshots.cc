#include "store/maintenance/living_snapshots.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace store {

std::set<ObjectId> without_pinned(Index& index, std::set<ObjectId> snapshots,
                                  std::chrono::sys_seconds now) {
  for (const Pin& pin : index.pins()) {
    if (pin.until > now) snapshots.erase(pin.snapshot);
  }
  return snapshots;
}

LivingSnapshots::LivingSnapshots(WriteSession& session, std::set<ObjectId> drop)
    : session_(session), drop_(std::move(drop)) {}

void LivingSnapshots::for_each_line(const std::function<void(const SnapshotLine&)>& take) const {
  for (const std::string& account : session_.index().accounts()) {
    for (const SnapshotLine& line : session_.index().lines(account)) {
      if (!drop_.contains(snapshot_id(session_.context().keys, line))) take(line);
    }
  }
}

std::vector<Pin> LivingSnapshots::pins() const {
  std::vector<Pin> pins = session_.index().pins();
  std::erase_if(pins, [&](const Pin& pin) { return drop_.contains(pin.snapshot); });
  return pins;
}

std::uint64_t LivingSnapshots::dropped() const {
  std::uint64_t count = 0;
  for (const std::string& account : session_.index().accounts()) {
    for (const SnapshotInfo& snapshot : session_.index().snapshots(account)) {
      if (drop_.contains(snapshot.id)) ++count;
    }
  }
  return count;
}

void LivingSnapshots::mark(Marking& marking, const HasMarked& has_marked) const {
  std::vector<std::pair<ObjectPlace, SnapshotLine>> lines;
  for_each_line([&](const SnapshotLine& line) {
    const auto place = session_.index().find(ObjectType::kRoot, line.root);
    lines.emplace_back(place.value_or(ObjectPlace()), line);
  });
  std::ranges::stable_sort(
      lines, {}, [](const auto& line) { return std::pair(line.first.block, line.first.start); });
  std::uint64_t done = 0;
  for (const auto& [place, line] : lines) {
    has_marked(done++, lines.size());
    try {
      marking.add_root(line.root, line.account);
    } catch (const base::Error& error) {
      const std::string account = base::escape_for_terminal(line.account);
      base::fail(
          error.code(),
          "the snapshot of {} of account {} can't be read: {}: nothing was dropped or deleted: "
          "repair the storage medium, or run `mailstow-backupd check --repair`; if that can't "
          "read it either, `--drop-unreadable {}` gives it up",
          base::shown_time(line.time), account, error.what(), account);
    }
  }
  has_marked(done, lines.size());
}

}  // namespace store
