// Programs that are measured: how long one took, and what of the machine.
#pragma once

#include <string>
#include <vector>

#include "base/file_system.h"

namespace bench {

struct Ran {
  double seconds = 0;
  double cpu_seconds = 0;     // its own and its children's
  double peak_megabytes = 0;  // of memory
  bool succeeded = false;
};

// Runs it to its end; what it says goes to the file `output`.
Ran run(const std::vector<std::string>& command, const base::Path& output);

// Says so if it is not.
bool is_installed(const std::string& program);

std::string read_file(const base::Path& path);

}  // namespace bench
