#include "base/program/command_line.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

namespace base {

namespace {

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_max() > 0;
}

bool looks_like_option(std::string_view word) {
  return word.size() > 1 && word.front() == '-' && word != "--";
}

// The option that `app`, or a command above it, has under this name; null if none has one.
const CLI::Option* find_option(const CLI::App* app, const std::string& name) {
  for (; app != nullptr; app = app->get_parent()) {
    if (const CLI::Option* option = app->get_option_no_throw(name)) return option;
  }
  return nullptr;
}

// Returns `app` itself if it has no subcommand of this name.
const CLI::App* subcommand_or_self(const CLI::App* app, const std::string& name) {
  const auto found = app->get_subcommands(
      [&](const CLI::App* subcommand) { return subcommand->check_name(name); });
  return found.empty() ? app : found.front();
}

std::string name_before_value(const std::string& word) {
  return word.substr(0, word.find('='));
}

// The name of the value in --help, without the dots after a repeatable one.
std::string value_name(const CLI::Option& option) {
  if (!option.nonpositional()) return option.get_name(true);
  std::string name = option.get_option_text();
  if (name.empty()) name = option.get_type_name();
  return name.substr(0, name.find(' '));
}

std::string example_of(const CLI::Option& option) {
  const std::string name = value_name(option);
  return option.nonpositional() ? option.get_name() + " " + name : name;
}

// Splits `--option=value` into two words, which CLI11 reads unchanged even if the second is empty
// or begins with "-". Throws CLI::Error if an option stands in place of a value.
std::vector<std::string> with_values_apart(const CLI::App& program,
                                           std::vector<std::string> arguments) {
  std::vector<std::string> words;
  const CLI::App* app = &program;
  for (auto word = arguments.begin(); word != arguments.end(); ++word) {
    if (*word == "--") {
      words.insert(words.end(), word, arguments.end());
      break;
    }
    if (!looks_like_option(*word)) {
      app = subcommand_or_self(app, *word);
      words.push_back(*word);
      continue;
    }
    const std::string name = name_before_value(*word);
    const bool has_value = name.size() < word->size();
    const CLI::Option* option = find_option(app, name);
    if (option == nullptr || !takes_value(*option)) {
      if (option != nullptr && word->size() == name.size() + 1) {
        throw CLI::ArgumentMismatch(fmt::format("{}: it takes no value: write {}", *word, name));
      }
      words.push_back(*word);
      continue;
    }
    words.push_back(name);
    if (has_value) {
      words.push_back(word->substr(name.size() + 1));
      continue;
    }
    const auto value = std::next(word);
    if (value == arguments.end()) {
      throw CLI::ArgumentMismatch(
          fmt::format("{}: the value is missing: write {}", name, example_of(*option)));
    }
    if (looks_like_option(*value) && find_option(app, name_before_value(*value)) != nullptr) {
      throw CLI::ArgumentMismatch(
          fmt::format("{0}: the value is missing, since {1} is an option: write {2}, or {0}={1} if "
                      "that is the value",
                      name, *value, example_of(*option)));
    }
    words.push_back(*value);
    word = value;
  }
  return words;
}

void refuse_empty_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (!takes_value(*option)) continue;
    // CLI11 puts the option's name in front. A transformation, since CLI11 runs these before other
    // checks.
    const auto refuse_empty = [option](const std::string& value) {
      if (!value.empty()) return std::string();
      return fmt::format("the value is empty: write {}{}", example_of(*option),
                         option->get_required() ? "" : ", or leave it out");
    };
    option->transform(CLI::Validator(refuse_empty, ""));
  }
  for (CLI::App* subcommand : app.get_subcommands({})) refuse_empty_values(*subcommand);
}

}  // namespace

std::optional<ExitStatus> parse_command_line(CLI::App& app, std::vector<std::string> arguments) {
  refuse_empty_values(app);
  try {
    std::vector<std::string> words = with_values_apart(app, std::move(arguments));
    std::ranges::reverse(words);  // in the order that CLI11 expects
    app.parse(std::move(words));
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? ExitStatus::kDone : ExitStatus::kUsage;
  }
}

}  // namespace base
