// Declares the options and positional arguments of a command. All of CLI11 lies behind it and
// base/program/command_line.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// NOLINTNEXTLINE(readability-identifier-naming): the library's name.
namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace base {

// One declared option or argument, for restrictions. Names are those of the same command.
class Option {
 public:
  Option(CLI::App& command, CLI::Option& option) : command_(command), option_(option) {}
  Option& required();
  Option& excludes(const std::string& name);
  Option& needs(const std::string& name);

 private:
  CLI::App& command_;
  CLI::Option& option_;
};

// The variables get their values when the command line is read, and must live until then.
class Options {
 public:
  explicit Options(CLI::App& command) : command_(command) {}

  // `names`: "--json" or "-v,--verbose".
  Option flag(const std::string& names, bool& is_given, const std::string& help);

  // `placeholder`: the name of the value in --help.
  Option value(const std::string& names, std::string& value, const std::string& placeholder,
               const std::string& help);
  Option value(const std::string& names, std::optional<std::uint32_t>& value,
               const std::string& placeholder, const std::string& help);
  // A count of 1 or more.
  Option value(const std::string& names, std::size_t& value, const std::string& placeholder,
               const std::string& help);

  // A duration of 1 s or more, in the syntax of parse_duration().
  Option value(const std::string& names, std::optional<std::chrono::seconds>& value,
               const std::string& placeholder, const std::string& help);

  // One of `words`; `value` stays empty if the option is not given.
  Option choice(const std::string& names, std::string& value, const std::vector<std::string>& words,
                const std::string& placeholder, const std::string& help);

  // May be repeated.
  Option values(const std::string& names, std::vector<std::string>& values,
                const std::string& placeholder, const std::string& help);

  Option argument(const std::string& name, std::string& value, const std::string& help);
  Option argument(const std::string& name, std::optional<std::uint32_t>& value,
                  const std::string& help);
  Option argument(const std::string& name, std::optional<std::chrono::seconds>& value,
                  const std::string& help);
  // All further words.
  Option arguments(const std::string& name, std::vector<std::string>& values,
                   const std::string& help);

  // Every option of the command declared so far, --help aside, excludes `name`.
  void make_exclusive(const std::string& name);

 private:
  Option option(CLI::Option& declared) { return {command_, declared}; }

  CLI::App& command_;
};

}  // namespace base
