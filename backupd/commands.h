// The commands of mailstow-backupd, one a file named after its verb.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/program/program.h"

namespace backupd {

// Makes an empty store, and the key file if that is absent; says what to keep elsewhere.
base::ExitStatus init(const base::Environment& environment);

struct OnceOptions {
  std::vector<std::string> accounts;  // empty: all of the configuration
};

// One pass over the accounts.
base::ExitStatus once(const base::Environment& environment, const OnceOptions& options);

struct CheckCommand {
  bool read_data = false;
  bool repair = false;  // and make the best of what is damaged
  bool resume = false;  // go on with the check of all data that was interrupted
  std::string budget;   // "30m": read data for so long, what was read longest ago first
  std::string copy;     // a folder elsewhere that has what the store has; empty: the store
};

// Whether the store is what was written.
base::ExitStatus check(const base::Environment& environment, const CheckCommand& command);

// The index, made anew from the packs.
base::ExitStatus reindex(const base::Environment& environment);

struct KeyAddOptions {  // exactly one
  std::string key_file;
  bool passphrase = false;
  bool from_passphrase = false;  // the configured key file anew, opened by a passphrase
  std::string from_export;       // the same by what `key export` wrote
};

base::ExitStatus key_add(const base::Environment& environment, const KeyAddOptions& options);
base::ExitStatus key_remove(const base::Environment& environment, const std::string& id);
base::ExitStatus key_list(const base::Environment& environment);

// To `file`, which must not exist, or to stdout if it is empty.
base::ExitStatus key_export(const base::Environment& environment, const std::string& file);

struct PruneCommand {
  bool dry_run = false;  // says what would be done
};

// Drops the snapshots that the policy does not keep, and what only they need.
base::ExitStatus prune(const base::Environment& environment, const PruneCommand& command);

struct ForgetCommand {
  std::string account;
  bool yes = false;    // else it says what would go
  bool prune = false;  // and what only the account needs, at once
};

// Drops all snapshots of an account.
base::ExitStatus forget(const base::Environment& environment, const ForgetCommand& command);

struct AcknowledgeCommand {
  std::string account;               // or `server`
  std::string server;                // of all of its accounts: whose mailbox each is
  std::string folder;                // with `uid`
  std::optional<std::uint32_t> uid;  // nothing: what vanished, or that the account did
};

// Takes what somebody has looked at off the list of troubles.
base::ExitStatus acknowledge(const base::Environment& environment,
                             const AcknowledgeCommand& command);

struct DrillCommand {
  std::optional<std::uint32_t> seed;  // of an earlier drill, to try the same again
};

// A random sample read back, compared with its snapshot and with the servers.
base::ExitStatus drill(const base::Environment& environment, const DrillCommand& command);

struct MetricsCommand {
  bool write = false;  // to where the configuration says, instead of to stdout
};

// What Prometheus is told.
base::ExitStatus metrics(const base::Environment& environment, const MetricsCommand& command);

struct RunCommand {
  std::string config_path;
  std::string now;  // a job that the running daemon starts at once; empty: be the daemon
};

// The daemon: starts what is due until it is told to stop.
base::ExitStatus run(const base::Environment& environment, const RunCommand& command);

// For the daemon, when it begins and after a job that crashed: tells of what was not told. Not in
// --help: every job does it for those before it.
base::ExitStatus tell(const base::Environment& environment);

struct DoctorCommand {
  bool all = false;             // log in to every account, not to some
  bool send_test_mail = false;  // to those who get reports
  std::string probe;            // an account that a message is restored to; empty: none
  std::string resolver;         // a name server, as parse_name_server() has it; empty: the system's
  std::string outgoing_address;  // that the world sees; empty: this machine's own
};

// Everything that must be right, looked at. The configuration is the first such thing.
base::ExitStatus doctor(const base::Path& config_file, base::OutputFormat format,
                        const DoctorCommand& command);

// What the store holds, and when each account was last backed up.
base::ExitStatus status(const base::Environment& environment);

}  // namespace backupd
