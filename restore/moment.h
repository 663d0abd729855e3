// Moments of the command line: times, and snapshots, which stand for theirs.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/program/program.h"
#include "store/reader.h"

namespace restore {

// A time as base/time_text.h has it, counted from `asked` or from this moment; or the id of one of
// the account's snapshots, or the first eight or more digits of one, for its time. Fails with
// kUsage if it is neither or several snapshots begin so, kNotFound for a whole id that is none.
std::chrono::sys_seconds parse_moment(const base::Environment& environment, store::Reader& reader,
                                      const std::string& account, const std::string& text,
                                      std::optional<std::chrono::sys_seconds> asked = std::nullopt);

// `at` is a time, and the newest backup not after it is chosen; or the id of a snapshot, or the
// first eight or more digits of one; or empty for the newest. Fails as parse_moment() does, and
// with kNotFound and what there is if the account has no such snapshot.
store::SnapshotInfo choose_snapshot(const base::Environment& environment, store::Reader& reader,
                                    const std::string& account, const std::string& at);

}  // namespace restore
