// Requests about the backups themselves, for those of the staff who look after them. The programs
// of the command line answer them: `mailstow-backupd status`, and `run --now`, which asks the
// daemon.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "restore/desk/services.h"

namespace desk {

// All fail with Refusal. An answer with a document has "command" too, the command line that shows
// the same.

// {"ok": true, "document": ...} with the accounts that the person's role covers; for the help desk
// these alone. An alarm that a command deals with has that as "command".
nlohmann::ordered_json show_status(const Services& services, const Caller& caller);

// {"ok": true, "document": {"days": [...], ...}}: the backups of all accounts by day, as `status
// --history --by-day` prints them. Not for a person whose role does not cover all accounts.
nlohmann::ordered_json show_history(const Services& services, const Request& request,
                                    const Caller& caller);

// {"ok": true, "document": {"jobs", "daemon", "restores", "commands"}}: of the state, what changes
// while a job runs, the restores that are going on, and for each job the command line that starts
// it. Not for such a person either.
nlohmann::ordered_json show_daemon_jobs(const Services& services, const Caller& caller);

// Has the daemon start a job now. {"ok": true, "started"}: false if it runs already, or no daemon
// runs. Not for such a person either.
nlohmann::ordered_json run_job(const Services& services, const Request& request,
                               const Caller& caller);

}  // namespace desk
