// --reach SNAPSHOT|TIME: older data does not exist for the command. --as-of COMMIT|TIME: what was
// committed later does not.
//
// Both are in the configuration that the command is given, and so in every reader of the store that
// it opens: a command needs no code for them, and a new one gets the options automatically.
#pragma once

#include <string>
#include <vector>

#include "base/program/command.h"
#include "base/program/program.h"

namespace restore {

// The same commands, with the option --reach for those that read an account's history: all but a
// few.
std::vector<base::Command> within_reach(std::vector<base::Command> commands);

// The environment for a command that reads `account` (empty: all accounts), bounded by `reach`: a
// time in the syntax of base/time_text.h, or, of one account, the id of a snapshot or its first
// eight or more digits. Fails with kUsage if it is neither.
base::Environment bounded(const base::Environment& environment, const std::string& account,
                          const std::string& reach);

// The same commands, with the option --as-of for those that read the store.
std::vector<base::Command> as_of_a_commit(std::vector<base::Command> commands);

// " --as-of N" for a command line that continues this one, or "".
std::string as_of_option(const base::Environment& environment);

}  // namespace restore
