// The lines of the audit log: about one account, which show who looked into its backup, or about
// all.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/program/page.h"
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

struct AuditLogOptions {
  std::string account;  // empty: all, and lines about none
  std::string person;   // of a command typed on the server: its Unix user; empty: all
  // Globs over names of accounts; nullopt: all. With a scope, of the lines about no account only
  // the person's own are shown.
  std::optional<std::vector<std::string>> scope = std::nullopt;
  bool only_own = false;  // lines of the person for whom the command runs
  base::Page page;        // the newest first; without a limit 200 lines
};

// Prints {"lines", "next"}, with the same of each line, and its account. A page looks through a few
// MiB of the log: it may have fewer lines than its limit, also none, and a next one. Fails with
// kNotFound for a cursor that leads nowhere, as after a rotation of the log.
base::ExitStatus print_audit_log(const base::Environment& environment,
                                 const AuditLogOptions& options);

}  // namespace restore
