// The front of a program: reads the command line, sets up what every command needs, runs one
// command and reports its error.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/program/command.h"

namespace base {

struct CommandGroup {
  std::string name;  // "key" of "key add"
  std::string help;
};

struct ProgramDescription {
  std::string name;
  std::string purpose;  // one sentence
  std::string footer;   // the end of --help
  std::string version;
  std::string config_file = std::string(kDefaultConfigPath);  // where --config is not given
  std::vector<CommandGroup> groups = {};
  std::vector<Command> commands;
};

// Returns the exit status. With --json an error is a JSON document on stdout as well as a line on
// stderr. Without a command it prints the help and returns kUsage.
int run_program(const ProgramDescription& program, int argc, char** argv);

// The same for a process that has the configuration already: `open` takes the place of
// open_environment(). `arguments` are those behind the program's name.
using OpenEnvironment = std::function<Environment(const Path& config_file, OutputFormat format)>;
int run_program(const ProgramDescription& program, const std::vector<std::string>& arguments,
                const OpenEnvironment& open);

}  // namespace base
