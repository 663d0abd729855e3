// A program that somebody else wrote, run with a limit to its time.
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
  std::map<std::string, std::string> environment;  // besides ours
  std::string_view input;                          // its stdin
  std::chrono::seconds timeout{30};
};

// Its exit status, or 128 and the number of the signal that ended it; nothing if its time was over:
// then it and what it started are killed. What it prints goes to our stderr. Fails with kConfig if
// it cannot be started.
std::optional<int> run_supervised(const SupervisedCommand& command);

}  // namespace base
