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

// Its exit status, or 128 and the number of the signal that ended it. What it prints on stdout is
// thrown away; its stderr is ours. Fails with kConfig if it cannot be started.
int status_of(const std::vector<std::string>& command);

}  // namespace base
