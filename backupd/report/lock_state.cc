#include "backupd/report/lock_state.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/config/copies_config.h"
#include "base/time_text.h"
#include "store/lock_extension.h"

namespace backupd {

LockState judge_locks(std::optional<std::chrono::days> lock_for,
                      std::optional<std::chrono::sys_seconds> last_extended,
                      std::chrono::sys_seconds now) {
  if (!lock_for) return {};
  LockState state{.lock_for = lock_for, .last_extended = last_extended, .alarm = {}};
  if (!last_extended) {
    state.alarm = "object locks were never extended: run mailstow-backupd extend-locks";
  } else if (base::is_in_future(*last_extended, now)) {
    state.alarm = fmt::format(
        "object locks of {} days seem to have been extended in the future, {}: the clock was ahead "
        "then, or is behind now: run mailstow-backupd extend-locks",
        lock_for->count(), base::shown_time(*last_extended));
  } else if (now - *last_extended > std::chrono::hours(*lock_for) / 2) {
    state.alarm = fmt::format(
        "object locks of {} days were last extended {}: run mailstow-backupd extend-locks",
        lock_for->count(), base::shown_time(*last_extended));
  }
  return state;
}

LockState lock_state(const base::Environment& environment, const store::Location& location,
                     std::chrono::sys_seconds now) {
  const auto lock_for = base::shortest_lock(environment.config.store, environment.config.copies);
  if (!lock_for) return {};
  return judge_locks(lock_for, store::last_lock_extension(location, environment.files), now);
}

nlohmann::ordered_json to_json(const LockState& state) {
  if (!state.lock_for) return nullptr;
  nlohmann::ordered_json document = {
      {"days", state.lock_for->count()}, {"last_extended", nullptr}, {"alarm", nullptr}};
  if (state.last_extended) document["last_extended"] = base::format_rfc3339(*state.last_extended);
  if (!state.alarm.empty()) document["alarm"] = state.alarm;
  return document;
}

std::string to_text(const LockState& state) {
  if (!state.lock_for) return "";
  if (!state.alarm.empty()) return "ALARM: " + state.alarm + "\n\n";
  return fmt::format("Object locks of {} days, last extended {}.\n\n", state.lock_for->count(),
                     base::shown_time(*state.last_extended));
}

}  // namespace backupd
