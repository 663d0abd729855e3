// A program that runs inside the test: for what only this process has, such as a storage in memory.
#pragma once

#include <string>
#include <vector>

#include "base/program/front.h"
#include "tests/programs/installation.h"
#include "tests/servers/process.h"

namespace programs {

// With --config in front of `arguments`. What it writes to stderr is not captured.
servers::ProcessResult run_in_process(const base::ProgramDescription& program,
                                      const Installation& mailstow,
                                      const std::vector<std::string>& arguments);

}  // namespace programs
