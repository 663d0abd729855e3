#include "backupd/clock_watch.h"

#include "base/error.h"
#include "base/log.h"
#include "store/clock_guard.h"
#include "store/format/location.h"

namespace backupd {

std::optional<base::ClockSighting> last_sighting(const std::optional<base::ClockSighting>& saved,
                                                 std::span<const DatedBackup> newest,
                                                 std::chrono::sys_seconds now) {
  if (saved) return saved;
  std::optional<base::ClockSighting> last;
  for (const DatedBackup& backup : newest) {
    if (backup.time > now || (last && backup.time <= last->time)) continue;
    last = {.time = backup.time, .since_start = {}, .start = ""};
  }
  return last;
}

ClockWatch::ClockWatch(const base::Environment& environment,
                       const std::optional<base::ClockSighting>& last)
    : environment_(environment), begin_(base::see_clock(environment.clock)) {
  if (last) note_jump(begin_, *last);
}

void ClockWatch::look() {
  const std::scoped_lock lock(mutex_);
  note_jump(base::see_clock(environment_.clock), begin_);
}

void ClockWatch::note_jump(const base::ClockSighting& now, const base::ClockSighting& last) {
  if (!has_jumped_ahead(now, last) && !has_gone_back(now, last)) return;
  try {
    store::begin_doubt(store::location_of(environment_.config.store), environment_.files, now,
                       last);
  } catch (const base::Error& error) {
    base::log_error("the clock's jump was not noted for prune and sweep: {}", error.what());
  }
}

}  // namespace backupd
