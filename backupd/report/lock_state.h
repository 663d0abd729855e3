// The age of the last extension of object locks (store/lock_extension.h).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/program/program.h"
#include "store/format/location.h"

namespace backupd {

struct LockState {
  std::optional<std::chrono::days> lock_for;  // of the store or a copy; nullopt: nothing locks
  std::optional<std::chrono::sys_seconds> last_extended;  // nullopt: never
  std::string alarm;  // "" unless half of lock_for has passed since
};

LockState judge_locks(std::optional<std::chrono::days> lock_for,
                      std::optional<std::chrono::sys_seconds> last_extended,
                      std::chrono::sys_seconds now);

// The same, with the note beside the index.
LockState lock_state(const base::Environment& environment, const store::Location& location,
                     std::chrono::sys_seconds now);

// For `status`: null and "" if nothing locks.
nlohmann::ordered_json to_json(const LockState& state);
std::string to_text(const LockState& state);

}  // namespace backupd
