// Measured programs: their run time and use of resources.
#pragma once

#include <string>
#include <vector>

#include "base/file_system.h"

namespace bench {

struct Ran {
  double seconds = 0;
  double cpu_seconds = 0;     // including its children
  double peak_megabytes = 0;  // of memory
  bool succeeded = false;
};

// Runs the command to its end; its output goes to the file `output`.
Ran run(const std::vector<std::string>& command, const base::Path& output);

// Prints a message if the program is not installed.
bool is_installed(const std::string& program);

}  // namespace bench
