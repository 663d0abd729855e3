// Parses the command line of both programs. CLI11 by itself treats the word after `--option=`, or
// after an option whose value a script forgot, as the value: `run alice --query= --dry-run` would
// restore all mail that does not have the words "dry run".
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/exit_status.h"

namespace CLI {
class App;
}

namespace base {

// Reads `arguments`, without the program's name, into `app`. Returns the exit status if the program
// ends here: kDone after --help and --version, kUsage after an error on stderr, which is a document
// on stdout as well if --json is among the arguments. Without a command it prints the help and
// returns kUsage.
//
// An unknown command or option is refused with the nearest known one. An empty value of an option
// or argument is refused, whether it is written `--option=`, `--option ''` or `''`; so is an option
// of the program in place of another one's value. `--option=--other` has the value `--other`.
//
// `with_dashed_words`: the subcommands for which "-word" is a word, unless it is one of their
// options. The command gets it with a blank in front.
std::optional<ExitStatus> parse_command_line(
    CLI::App& app, const std::vector<std::string>& arguments,
    const std::set<const CLI::App*>& with_dashed_words = {});

}  // namespace base
