// Other programs: started directly, never through a shell.
#pragma once

#include <string>
#include <vector>

namespace base {

// What the command prints on stdout, at most `limit` bytes of it; its stderr is ours. Fails with
// kConfig, naming the command (not its arguments, which may hold secrets), if it cannot be started,
// ends with another status than 0, or prints more.
std::string output_of(const std::vector<std::string>& command, std::size_t limit);

}  // namespace base
