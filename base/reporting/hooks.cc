#include "base/reporting/hooks.h"

#include <algorithm>
#include <string>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "base/reporting/transfer.h"
#include "base/supervised_command.h"
#include "base/time_text.h"

namespace base {

namespace {

const char* word(HookEvent event) {
  switch (event) {
    case HookEvent::kStart:
      return "start";
    case HookEvent::kSuccess:
      return "success";
    case HookEvent::kFailure:
      return "failure";
  }
  return "failure";
}

bool matches(const HookConfig& hook, const JobEvent& event) {
  const bool is_its_event =
      hook.on.empty() || std::find(hook.on.begin(), hook.on.end(), event.event) != hook.on.end();
  return is_its_event &&
         std::find(hook.jobs.begin(), hook.jobs.end(), event.job) != hook.jobs.end();
}

void run_command(const HookConfig& hook, const JobEvent& event) {
  SupervisedCommand command{.command = hook.command,
                            .environment = {{"MAILSTOW_JOB", std::string(event.job)},
                                            {"MAILSTOW_EVENT", word(event.event)}},
                            .input = event.report,
                            .timeout = hook.timeout};
  if (event.status) command.environment["MAILSTOW_STATUS"] = std::to_string(*event.status);
  const std::optional<int> status = run_supervised(command);
  if (!status) {
    fail(ErrorCode::kConfig, "run command {}: it took longer than {}", hook.command.front(),
         format_duration(hook.timeout));
  }
  if (*status != 0) {
    fail(ErrorCode::kConfig, "run command {}: exit status {}", hook.command.front(), *status);
  }
}

}  // namespace

void run_hooks(const std::vector<HookConfig>& hooks, const JobEvent& event) {
  for (std::size_t at = 0; at < hooks.size(); ++at) {
    const HookConfig& hook = hooks[at];
    if (!matches(hook, event)) continue;
    try {
      if (hook.url.empty()) {
        run_command(hook, event);
      } else {
        send_http_request({hook.url, hook.ca_file, hook.method, event.report, hook.timeout});
      }
    } catch (const Error& error) {
      log_error("/hooks/{}: {} of {}: {}", at, word(event.event), event.job, error.what());
    }
  }
}

}  // namespace base
