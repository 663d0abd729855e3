// A command of a program. Each command declares its own options in its own file; the program's main
// file is the list of its commands.
#pragma once

#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/exit_status.h"
#include "base/file_system.h"
#include "base/program/options.h"
#include "base/program/program.h"

namespace base {

struct Command {
  std::string name;       // "prune", or "key add": `add` in the group `key`
  std::string help = {};  // one line; empty: not in --help
  // Declares the options. The other functions are called after their variables have been set.
  std::function<void(Options&)> declare = [](Options&) {};
  bool has_document = true;       // prints one with --json
  bool has_dashed_words = false;  // "-word" is a word, unless it is an option of the command
  // Whether this use has a line in the audit log, and about which account.
  std::function<bool()> is_audited = [] { return false; };
  std::function<std::string()> account = [] { return std::string(); };
  // Reads what the options only refer to, such as stdin, before the line in the audit log is
  // written: without it the log could not say what the command was asked for. It must look into no
  // mail. Empty: nothing to read.
  std::function<void()> read_input = {};
  // What the command was asked for beyond its arguments: fields for its line in the audit log,
  // called after read_input(). A bounded size. Empty, or an empty object: nothing.
  std::function<nlohmann::ordered_json()> audit_details = {};

  // Runs the command. One of the two is set: the second is for a command that examines the
  // configuration.
  std::function<ExitStatus(const Environment&)> function = {};
  std::function<ExitStatus(const Path& config_file, OutputFormat)> without_environment = {};
};

// For Command::is_audited.
inline bool always() {
  return true;
}

}  // namespace base
