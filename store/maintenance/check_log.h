// Records when the data of each pack was last read and found intact, so that an interrupted check
// resumes where it stopped, and short nightly checks eventually cover every pack.
//
// Stored beside the index, in `checks`: "began finished LF" and, for each pack, a line "<64 hex
// digits of the pack> SP time LF", times in seconds since 1970, 0 for none. Replaced atomically. It
// is only bookkeeping: if it is lost or damaged, everything counts as unread.
#pragma once

#include <chrono>
#include <map>
#include <set>

#include "base/file_system.h"
#include "store/format/location.h"
#include "store/format/object_id.h"

namespace store {

struct CheckLog {
  std::chrono::sys_seconds began{};     // of the last check of all data
  std::chrono::sys_seconds finished{};  // of the same check; before `began` if it was interrupted
  std::map<Sha256, std::chrono::sys_seconds> read;
  bool operator==(const CheckLog&) const = default;

  bool is_interrupted() const { return began > finished; }

  // Packs that the last check of all data has read.
  std::set<Sha256> read_since_began() const;

  // Without times after `now`. The clock was ahead then, or is behind now: such a pack would seem
  // to be read last until that time has come.
  CheckLog without_future(std::chrono::sys_seconds now) const;

  static CheckLog load(base::FileSystem& files, const Location& location);
  void save(base::FileSystem& files, const Location& location) const;
};

}  // namespace store
