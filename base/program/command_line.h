// How both programs read their command line. CLI11 alone takes the word behind `--option=`, or
// behind an option whose value a script forgot, for the value: `run alice --query= --dry-run` would
// restore all mail that does not have the words "dry run".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/exit_status.h"

namespace CLI {
class App;
}

namespace base {

// Reads `arguments`, the program's name not among them, into `app`. Gives the exit status if that
// is the end: kDone after --help and --version, kUsage after a message on stderr about what is
// wrong.
//
// Of every option and positional of `app` and its subcommands, an empty value is refused, whether
// it is written `--option=`, `--option ''` or `''`; so is an option of the program where the value
// of another one has to be. `--option=--other` has the value `--other`.
std::optional<ExitStatus> parse_command_line(CLI::App& app, std::vector<std::string> arguments);

}  // namespace base
