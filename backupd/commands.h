// The commands of mailstow-backupd, one a file named after its verb.
#pragma once

#include <string>
#include <vector>

#include "base/program.h"

namespace backupd {

// Makes an empty store, and the key file if that is absent; says what to keep elsewhere.
base::ExitStatus init(const base::Surroundings& surroundings);

struct OnceOptions {
  std::vector<std::string> accounts;  // empty: all of the configuration
};

// One pass over the accounts.
base::ExitStatus once(const base::Surroundings& surroundings, const OnceOptions& options);

// What the store holds, and when each account was last backed up.
base::ExitStatus status(const base::Surroundings& surroundings);

}  // namespace backupd
