// Execution of third-party programs with a time limit.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

struct SupervisedCommand {
  std::vector<std::string> command;                // the program, looked up in PATH, and arguments
  std::map<std::string, std::string> environment;  // added to ours
  std::string_view input;                          // its stdin
  std::chrono::seconds timeout{30};
};

// Returns the exit status, or 128 plus the number of the signal that ended the command; nullopt if
// it timed out: then it and the processes it started are killed. Its output goes to our stderr.
// Fails with kConfig if it cannot be started.
std::optional<int> run_supervised(const SupervisedCommand& command);

}  // namespace base
