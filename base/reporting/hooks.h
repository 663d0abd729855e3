// What the administrator wants run or asked for when a job starts or ends.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/config/reporting_config.h"

namespace base {

struct JobEvent {
  std::string_view job;  // backup, prune, ...
  HookEvent event = HookEvent::kStart;
  std::optional<int> status = std::nullopt;  // the exit status, at an end
  std::string_view report = {};              // JSON, at an end
};

// Those that want to hear of it, one after the other. None that fails, or takes too long, is more
// than a line in the log.
void run_hooks(const std::vector<HookConfig>& hooks, const JobEvent& event);

}  // namespace base
