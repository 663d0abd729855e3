// `mailstow-restore desk`, and the program that forks for it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/program/command.h"
#include "base/program/front.h"

namespace desk {

base::Command desk_command();

// Runs the program with these arguments in a forked process, and returns the exit status.
using RunForked = std::function<int(const std::vector<std::string>& arguments,
                                    const base::OpenEnvironment& open)>;

// `mailstow-restore fork-server`, which only the desk starts (restore/desk/fork_server.h).
base::Command fork_server_command(RunForked run);

}  // namespace desk
