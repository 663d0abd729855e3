// --reach SNAPSHOT|TIME: older data does not exist for the command.
//
// The bound is in the configuration that the command is given, and so in every reader of the store
// that it opens: a command needs no code for it, and a new one gets the option automatically.
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

}  // namespace restore
