// Parses the command line of both programs. CLI11 alone takes the word after `--option=`, or after
// an option whose value a script forgot, as the value: `run alice --query= --dry-run` would restore
// all mail that does not have the words "dry run".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/exit_status.h"

namespace CLI {
class App;
}

namespace base {

// Parses `arguments`, without the program's name, into `app`. Returns the exit status if the
// program must end now: kDone after --help and --version, kUsage after a message on stderr about
// the error.
//
// Rejects an empty value of any option or positional of `app` and its subcommands, whether written
// `--option=`, `--option ''` or `''`, and an option of the program in the position of another
// option's value. `--option=--other` has the value `--other`.
std::optional<ExitStatus> parse_command_line(CLI::App& app, std::vector<std::string> arguments);

}  // namespace base
