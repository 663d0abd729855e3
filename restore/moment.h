// Moments given on the command line: times, and snapshots, which stand for the time they were
// taken.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/program/program.h"
#include "store/reader.h"

namespace restore {

// `text` is a time in the syntax of base/time_text.h, relative to `asked` or else to this moment;
// or the id of one of the account's snapshots, or its first eight or more digits, for the
// snapshot's time. Fails with kUsage if it is neither, several ids begin with these digits, or the
// snapshot's time is doubted (store/clock_state.h); kNotFound for a whole id that no snapshot has.
std::chrono::sys_seconds parse_moment(const base::Environment& environment, store::Reader& reader,
                                      const std::string& account, const std::string& text,
                                      std::optional<std::chrono::sys_seconds> asked = std::nullopt);

struct ChosenSnapshot {
  store::SnapshotInfo snapshot;
  // Backups that would have been chosen before it, but whose times a wrong clock showed; in the
  // order in which they were made.
  std::vector<store::SnapshotInfo> passed_over = {};
};

// The account's backup with the greatest time not after `time`, of equal times the one made last;
// nullopt if all are later. Those that a wrong clock dated are passed over, with a warning if
// another remains.
std::optional<ChosenSnapshot> snapshot_at(const base::Environment& environment,
                                          store::Reader& reader, const std::string& account,
                                          std::chrono::sys_seconds time);

// The same for those before `time`: a history from `time` on begins with it, and has what changed
// in a snapshot of exactly that time.
std::optional<ChosenSnapshot> snapshot_before(const base::Environment& environment,
                                              store::Reader& reader, const std::string& account,
                                              std::chrono::sys_seconds time);

// The snapshot that a history from `since` on begins with: the one with that id, or that of
// snapshot_before(); nullopt if no snapshot is earlier. Fails as parse_moment() does.
std::optional<ChosenSnapshot> start_of_history(const base::Environment& environment,
                                               store::Reader& reader, const std::string& account,
                                               const std::string& since);

// `at` is a time, for snapshot_at(), where a day alone means its last moment and a time without
// seconds the last of its minute; or the id of a snapshot, or its first eight
// or more digits; or empty, for the newest. Fails as parse_moment() does, and with kNotFound,
// naming what there is, if the account has no such snapshot.
ChosenSnapshot choose_snapshot(const base::Environment& environment, store::Reader& reader,
                               const std::string& account, const std::string& at);

}  // namespace restore
