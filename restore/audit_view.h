// The lines of the audit log about one account: who looked into its backup.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "base/program/program.h"

namespace restore {

struct AuditViewOptions {
  std::string account;
  std::chrono::sys_seconds since{};  // older lines are left out
  // Leaves out what staff did with a covert grant, and how grants came about.
  bool is_for_owner = false;
  std::size_t limit = 200;  // lines, the newest ones
};

// Prints {"account", "lines": [...], "complete"}, the newest first: of each line when, who and
// what, not what was searched for. Looks through the last few MiB of the log; "complete" says
// whether they reach back to `since`.
base::ExitStatus print_audit_view(const base::Environment& environment,
                                  const AuditViewOptions& options);

}  // namespace restore
