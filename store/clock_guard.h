// Decides whether what deletes may trust the system's clock: the sweeper, prune and forget --prune.
// A clock that jumped would expire trees, snapshots and condemned packs that have days left, so its
// time is compared with the last time that mailstow recorded, and a jump is accepted only after the
// clock has run on from it for an hour.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock_sighting.h"
#include "base/file_system.h"
#include "store/format/location.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace store {

// The clock is doubted if it is further ahead of the last recorded time than this, and always if it
// is behind it.
inline constexpr std::chrono::days kMaxAhead{2};
// How long the clock must run on after a doubt before it is trusted. If the machine was not
// restarted since, the clock may not have gained or lost more than this; if it was, it must have
// been running for this long.
inline constexpr std::chrono::hours kDoubtLasts{1};
// A run later than this after a doubt begins a new doubt; monthly prunes come sooner.
inline constexpr std::chrono::days kDoubtKept{35};

// Earlier verdicts on the clock.
struct ClockMemory {
  std::optional<std::chrono::sys_seconds> last = {};  // the last trusted time
  std::optional<base::ClockSighting> doubted = {};    // when a doubt began, by the doubted clock
  // A time recorded in a future that never came.
  std::optional<std::chrono::sys_seconds> overruled = {};
  // Records from this time on are those of a clock that was ahead. It stays until the clock is
  // trusted, also if a restart or another jump begins a new doubt.
  std::optional<std::chrono::sys_seconds> ahead_since = {};
  std::optional<base::ClockSighting> trusted = {};  // the clock when it was last trusted
  bool operator==(const ClockMemory&) const = default;
};

struct ClockVerdict {
  enum class Direction {
    kRight,
    kBehind,  // it is behind a recorded time
    kLong,    // nothing was recorded for long: a jump, or a pause
    kJumped,  // it has gone on for longer than the time that has passed
  };
  std::string doubt;   // empty: the clock is trusted
  ClockMemory memory;  // for the next verdict
  Direction direction = Direction::kRight;
};

// The newest times that are recorded in the store; nullopt: there is no such record.
struct NewestRecords {
  std::optional<std::chrono::sys_seconds> backup = {};  // of an account's newest backup
  // A restore dates a tree without a look at the clock. So a tree shows that the clock is behind
  // it, but it is evidence that the clock is right only if there is no other.
  std::optional<std::chrono::sys_seconds> tree = {};

  std::optional<std::chrono::sys_seconds> newest() const;
};

// `command`: what the administrator runs with --now to overrule a doubt.
ClockVerdict judge_clock(const base::ClockSighting& now, const NewestRecords& recorded,
                         const ClockMemory& memory, std::string_view command);

// Without a reader only trees count.
NewestRecords newest_records(Reader* reader, std::span<const TreeRecord> trees);
// With those of the trees that the store records. Fails as TreeRecords do.
NewestRecords newest_records(Reader& reader, const Location& location, base::FileSystem& files);

enum class ClockDoubt {
  kJudge,
  kJudgeOnly,  // for a dry run: the verdict is not remembered
  kOverrule,   // the administrator confirms that the clock is right
};

// The verdict on the clock for something that deletes.
struct JudgedClock {
  std::string doubt;           // why the clock is not trusted; empty: it is
  std::string not_remembered;  // why the verdict could not be written down; empty: it was
};

// The memory is beside the index: all that delete share it. On a disk that is full or read-only,
// the verdict is not remembered, and the next one judges as if there had been no verdict now. So a
// doubt that began earlier does not end then: the clock may have been right, without a record of
// it, before it jumped again. Nor does a new one, which each run would begin again. The doubt then
// names the file that can't be written. Fails with kIo if the memory can't be read.
JudgedClock judge_for_deletion(const Location& location, base::FileSystem& files,
                               const base::ClockSighting& now, const NewestRecords& recorded,
                               ClockDoubt doubt, std::string_view command);

// Logs a warning if the verdict could not be written down.
void warn_if_not_remembered(const JudgedClock& judged);

// The same, with that warning. Returns JudgedClock::doubt.
std::string doubt_about_clock(const Location& location, base::FileSystem& files,
                              const base::ClockSighting& now, const NewestRecords& recorded,
                              ClockDoubt doubt, std::string_view command);

// For a backup that noticed that the clock has jumped ahead or gone back between `last` and `now`:
// begins a doubt, unless this one has begun, or the clock was trusted since. Records since the jump
// are no evidence that the clock is right. Fails with kIo.
void begin_doubt(const Location& location, base::FileSystem& files, const base::ClockSighting& now,
                 const base::ClockSighting& last);

base::Path clock_memory_file(const Location& location);

// The memory is kept in a small file, and is empty if that is lost or unreadable. Fails with kIo.
ClockMemory load_clock_memory(base::FileSystem& files, const base::Path& file);
void save_clock_memory(base::FileSystem& files, const base::Path& file, const ClockMemory& memory);

}  // namespace store
