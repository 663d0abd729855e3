// Other programs: started directly, never through a shell.
#pragma once

#include <string>
#include <vector>

namespace base {

// As exec and its like want it, with the null pointer behind it; valid while `command` is.
std::vector<char*> argument_vector(const std::vector<std::string>& command);

// What the command prints on stdout, at most `limit` bytes of it; its stderr is ours. Fails with
// kConfig, naming the command (not its arguments, which may hold secrets), if it cannot be started,
// ends with another status than 0, or prints more.
std::string output_of(const std::vector<std::string>& command, std::size_t limit);

struct ProgramOutput {
  int status = 0;   // as status_of() gives it
  std::string out;  // at most `limit` bytes of it
};

enum class Stderr {
  kOurs,
  kCaught,  // among what is printed on stdout
};

// Both, whatever the status is. Fails with kConfig if it cannot be started or prints more.
ProgramOutput run_for_output(const std::vector<std::string>& command, std::size_t limit,
                             Stderr errors = Stderr::kOurs);

// The program of mailstow that was installed with this one; the bare name, for PATH, if there is
// none beside it.
std::string program_beside_us(const std::string& name);

// Its exit status, or 128 and the number of the signal that ended it. What it prints on stdout is
// thrown away; its stderr is ours. Fails with kConfig if it cannot be started.
int status_of(const std::vector<std::string>& command);

}  // namespace base
