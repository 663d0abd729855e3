// Execution of other programs: directly, never through a shell.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace base {

// Returns the command's output on stdout, at most `limit` bytes; the command inherits our stderr.
// Fails with kConfig, naming the command (not its arguments, which may hold secrets), if it cannot
// be started, ends with a status other than 0, prints more, or takes longer than `timeout`: then it
// and the processes it started are killed.
std::string output_of(const std::vector<std::string>& command, std::size_t limit,
                      std::optional<std::chrono::seconds> timeout = std::nullopt);

struct ProgramOutput {
  int status = 0;   // as returned by status_of()
  std::string out;  // at most `limit` bytes
};

enum class Stderr {
  kInherited,
  kCaptured,  // merged into stdout
};

// Returns the status and the output, whatever the status is. Fails with kConfig if it cannot be
// started or prints more.
ProgramOutput run_for_output(const std::vector<std::string>& command, std::size_t limit,
                             Stderr errors = Stderr::kInherited);

// The path of the mailstow program installed in the same directory as this one; the bare name, to
// be looked up in PATH, if it is not there.
std::string sibling_program(const std::string& name);

// Returns the command's exit status, or 128 plus the number of the signal that ended it. Its stdout
// is discarded; the command inherits our stderr. Fails with kConfig if it cannot be started.
int status_of(const std::vector<std::string>& command);

}  // namespace base
