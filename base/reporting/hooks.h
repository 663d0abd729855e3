// The administrator's hooks: commands to run or URLs to request when a job starts or ends.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/config/reporting_config.h"

namespace base {

struct JobEvent {
  std::string_view job;  // backup, prune, ...
  HookEvent event = HookEvent::kStart;
  std::optional<int> status = std::nullopt;  // the exit status, when the job has ended
  std::string_view report = {};              // JSON, when the job has ended
};

// Runs the hooks that match the event, one after the other. A hook that fails or takes too long
// only causes a line in the log.
void run_hooks(const std::vector<HookConfig>& hooks, const JobEvent& event);

}  // namespace base
