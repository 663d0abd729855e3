// The commands of mailstow-backupd, one a file named after its verb.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/program/command.h"
#include "base/program/page.h"
#include "base/program/program.h"

namespace backupd {

// Creates an empty store, and the key file if that is absent. Prints what to keep elsewhere.
base::ExitStatus init(const base::Environment& environment);
base::Command init_command();

struct OnceOptions {
  std::vector<std::string> accounts;  // empty: all of the configuration
};

// One pass over the accounts.
base::ExitStatus once(const base::Environment& environment, const OnceOptions& options);
base::Command once_command();

struct CheckOptions {
  bool read_data = false;
  bool repair = false;  // saves what can still be read of damaged packs
  bool resume = false;  // continues the check of all data that was interrupted
  // Reads data for this long, longest unread data first.
  std::optional<std::chrono::seconds> budget;
  std::string copy;             // a configured copy, or a directory with one; empty: the store
  std::string drop_unreadable;  // the account whose unreadable snapshots a repair gives up
  std::string as_of = {};       // COMMIT|TIME; empty: the newest commit
};

// Verifies the store.
base::ExitStatus check(const base::Environment& environment, const CheckOptions& options);
base::Command check_command();

struct ReindexOptions {
  bool without_copy = false;  // reads all packs, even without an index, if the bucket has a copy
  // Reads what was replaced or deleted in a bucket as it was first; in all packs.
  bool first_versions = false;
  std::string as_of = {};  // COMMIT|TIME: makes an index as of that commit beside the other one
};

// Rebuilds the index: without one, from its copy in the bucket and the packs that came later, or
// from all packs.
base::ExitStatus reindex(const base::Environment& environment, const ReindexOptions& options = {});
base::Command reindex_command();

struct KeyAddOptions {  // exactly one
  std::string key_file;
  bool passphrase = false;
  bool from_passphrase = false;  // recreates the configured key file, opened by a passphrase
  std::string from_export;       // recreates it from the output of `key export`
};

base::ExitStatus key_add(const base::Environment& environment, const KeyAddOptions& options);
base::ExitStatus key_remove(const base::Environment& environment, const std::string& id);
base::ExitStatus key_list(const base::Environment& environment);
base::Command key_add_command();
base::Command key_remove_command();
base::Command key_list_command();

// To `file`, which must not exist, or to stdout if it is empty.
base::ExitStatus key_export(const base::Environment& environment, const std::string& file);
base::Command key_export_command();

// Whether a copied key opens the store: succeeds, or fails with kKey.
base::ExitStatus key_verify(const base::Environment& environment, const std::string& file);
base::Command key_verify_command();

struct PruneOptions {
  bool dry_run = false;     // prints what would be done
  bool now = false;         // trusts the system's clock, whatever was recorded
  bool skip_grace = false;  // deletes packs as soon as they are replaced
  // With `skip_grace`: directories with copies of the store, beside those of the configuration.
  std::vector<std::string> copies;
};

// Drops the snapshots that the retention does not keep, and the data that only they need. Does
// nothing while the system's clock is doubted (store/clock_guard.h).
base::ExitStatus prune(const base::Environment& environment, const PruneOptions& options);
base::Command prune_command();

struct ForgetOptions {
  std::string account;
  std::string snapshot;  // the first digits of one's id; empty: all of the account
  bool yes = false;      // otherwise prints what would be dropped
  bool prune = false;    // deletes the data that only they need at once
  bool now = false;      // trusts the system's clock, whatever was recorded
};

// Drops all snapshots of an account, or one. Fails with kUsage, and drops nothing, if one of them
// is pinned, or if the one is the account's newest.
base::ExitStatus forget(const base::Environment& environment, const ForgetOptions& options);
base::Command forget_command();

struct PinOptions {
  std::string account;
  std::string snapshot;  // the first digits of its id
  std::string until;     // a time; empty: without end
};

// Keeps a snapshot from being dropped.
base::ExitStatus pin(const base::Environment& environment, const PinOptions& options);
base::Command pin_command();

// Ends that. `until` is not used.
base::ExitStatus unpin(const base::Environment& environment, const PinOptions& options);
base::Command unpin_command();

struct AcknowledgeOptions {
  std::string account;               // or `server`
  std::string server;                // the INBOXes of all its accounts
  std::string folder;                // with `uid`
  std::optional<std::uint32_t> uid;  // nullopt: vanished messages, or a vanished account
};

// Acknowledges a reported problem: it is no longer reported.
base::ExitStatus acknowledge(const base::Environment& environment,
                             const AcknowledgeOptions& options);
base::Command acknowledge_command();

struct DrillOptions {
  std::optional<std::uint32_t> seed;  // of an earlier drill, to repeat it
};

// Reads back a random sample and compares it with its snapshot and with the servers.
base::ExitStatus drill(const base::Environment& environment, const DrillOptions& options);
base::Command drill_command();

struct MetricsOptions {
  bool write = false;  // to the places that the configuration names, instead of stdout
};

// Prints Prometheus metrics.
base::ExitStatus metrics(const base::Environment& environment, const MetricsOptions& options);
base::Command metrics_command();

// Writes the metrics to the places that the configuration names. Fails with kUsage if it names no
// place, and with kIo and kNoSpace.
void write_metrics(const base::Environment& environment);

struct RunOptions {
  std::string now;  // a job that the running daemon starts at once; empty: become the daemon
};

// The daemon: starts jobs when they are due, until it is stopped.
base::ExitStatus run(const base::Environment& environment, const RunOptions& options);
base::Command run_command();

// For the daemon, when it starts and after a job that crashed: reports what was not reported yet.
// Not in --help: every job does it for those before it.
base::ExitStatus tell(const base::Environment& environment);
base::Command tell_command();

struct DoctorOptions {
  bool all = false;              // log in to every account, not to a sample
  bool send_test_mail = false;   // to the recipients of reports
  std::string probe;             // an account that a message is restored to; empty: no probe
  std::string resolver;          // a name server for parse_name_server(); empty: the system's
  std::string outgoing_address;  // the public one; empty: this machine's own
};

// Checks the installation, the configuration first.
base::ExitStatus doctor(const base::Path& config_file, base::OutputFormat format,
                        const DoctorOptions& options);
base::Command doctor_command();

struct CopyOptions {
  std::string name;    // of a copy in the configuration; empty: all of them
  std::string accept;  // with `name`: the first digits of the id of a commit that drops much
  // With `name`, instead: deletes there what the copied checkpoints condemned.
  bool prune = false;
};

// Brings the copies of the store up to date.
base::ExitStatus copy(const base::Environment& environment, const CopyOptions& options);
base::Command copy_command();

// Extends the object locks of the store and its copies, where they end within half of lock_for.
base::ExitStatus extend_locks(const base::Environment& environment);
base::Command extend_locks_command();

struct StatusOptions {
  bool brief = false;    // one line, and kPartial if there is an alarm
  bool history = false;  // instead: the backups over time (backupd/status_history.h)
  bool by_day = false;   // with `history`: the backups of a day together
  std::string account;   // with `history`; empty: all accounts
  base::Page page;       // with `history`
};

// Prints what the store holds, and when each account was last backed up. Fails with kUsage if
// `account` or `page` is given without `history`.
base::ExitStatus status(const base::Environment& environment, const StatusOptions& options);
base::Command status_command();

}  // namespace backupd
