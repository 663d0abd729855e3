#include "base/program/command_line.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "base/error.h"
#include "base/nearest.h"
#include "base/program/program.h"
#include "base/terminal.h"

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

class WordSplitter {
 public:
  WordSplitter(const CLI::App& program, const std::set<const CLI::App*>& with_dashed_words)
      : app_(&program), with_dashed_words_(with_dashed_words) {}

  // Splits `--option=value` into two words, which CLI11 reads unchanged even if the second one is
  // empty or begins with "-". Throws CLI::Error if the command or an option is unknown, and if an
  // option stands in place of a value.
  std::vector<std::string> split(const std::vector<std::string>& arguments) {
    for (auto word = arguments.begin(); word != arguments.end(); ++word) {
      if (*word == "--") {
        words_.insert(words_.end(), word, arguments.end());
        break;
      }
      if (!looks_like_option(*word)) {
        enter(*word);
      } else if (is_dashed_word(*word)) {
        words_.push_back(" " + *word);
      } else {
        word = add_option(word, arguments.end());
      }
    }
    return std::move(words_);
  }

  // The command that the words name, or the part of it that they name.
  const CLI::App& command() const { return *app_; }

 private:
  using Word = std::vector<std::string>::const_iterator;

  void enter(const std::string& word) {
    const auto commands = app_->get_subcommands([](const CLI::App*) { return true; });
    if (!commands.empty()) {
      const auto named = std::ranges::find_if(
          commands, [&](const CLI::App* command) { return command->check_name(word); });
      if (named == commands.end()) refuse_command(word, commands);
      app_ = *named;
    }
    words_.push_back(word);
  }

  [[noreturn]] static void refuse_command(const std::string& word,
                                          const std::vector<const CLI::App*>& commands) {
    std::vector<std::string> names;
    for (const CLI::App* command : commands) {
      if (!command->get_group().empty()) names.push_back(command->get_name());
    }
    throw CLI::ExtrasError(
        fmt::format("{}: no such command{}", escape_for_terminal(word), suggestion(word, names)),
        CLI::ExitCodes::ExtrasError);
  }

  bool is_dashed_word(const std::string& word) const {
    return with_dashed_words_.contains(app_) && !word.starts_with("--") &&
           find_option(app_, name_before_value(word)) == nullptr;
  }

  // Returns the last word that belongs to the option.
  Word add_option(Word word, Word end) {
    const std::string name = name_before_value(*word);
    const CLI::Option* const option = find_option(app_, name);
    if (option == nullptr) {
      // -vq, or a short option with its value: CLI11 splits them.
      const bool is_short = !word->starts_with("--");
      if (!is_short || find_option(app_, word->substr(0, 2)) == nullptr) refuse_option(name);
      words_.push_back(*word);
      return word;
    }
    const bool has_value = name.size() < word->size();
    if (!takes_value(*option)) {
      if (word->size() == name.size() + 1) {
        throw CLI::ArgumentMismatch(fmt::format("{}: it takes no value: write {}", *word, name));
      }
      words_.push_back(*word);
      return word;
    }
    words_.push_back(name);
    if (has_value) {
      words_.push_back(word->substr(name.size() + 1));
      return word;
    }
    const Word value = std::next(word);
    if (value == end) {
      throw CLI::ArgumentMismatch(
          fmt::format("{}: the value is missing: write {}", name, example_of(*option)));
    }
    if (looks_like_option(*value) && find_option(app_, name_before_value(*value)) != nullptr) {
      throw CLI::ArgumentMismatch(
          fmt::format("{0}: the value is missing, since {1} is an option: write {2}, or {0}={1} if "
                      "that is the value",
                      name, *value, example_of(*option)));
    }
    words_.push_back(*value);
    return value;
  }

  [[noreturn]] void refuse_option(const std::string& name) const {
    std::vector<std::string> names;
    for (const CLI::App* app = app_; app != nullptr; app = app->get_parent()) {
      for (const CLI::Option* option : app->get_options()) {
        if (option->nonpositional()) names.push_back(option->get_name());
      }
    }
    throw CLI::ExtrasError(
        fmt::format("{}: no such option{}", escape_for_terminal(name), suggestion(name, names)),
        CLI::ExitCodes::ExtrasError);
  }

  const CLI::App* app_;
  const std::set<const CLI::App*>& with_dashed_words_;
  std::vector<std::string> words_;
};

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

ExitStatus print_usage_error(std::string_view message, bool is_json) {
  print_to_stderr(fmt::format("{}\nRun with --help for more information.\n", message));
  if (is_json) {
    print_error_document(error_word(ErrorCode::kUsage), message, ExitStatus::kUsage);
  }
  return ExitStatus::kUsage;
}

}  // namespace

std::optional<ExitStatus> parse_command_line(CLI::App& app,
                                             const std::vector<std::string>& arguments,
                                             const std::set<const CLI::App*>& with_dashed_words) {
  refuse_empty_values(app);
  const auto options_end = std::ranges::find(arguments, "--");
  const bool is_json = std::find(arguments.begin(), options_end, "--json") != options_end;
  try {
    WordSplitter splitter(app, with_dashed_words);
    std::vector<std::string> words = splitter.split(arguments);
    std::ranges::reverse(words);  // as CLI11 wants them
    app.parse(std::move(words));
    const CLI::App& command = splitter.command();
    if (command.get_subcommands([](const CLI::App*) { return true; }).empty()) return std::nullopt;
    if (is_json) return print_usage_error("a command is missing", is_json);
    print_result(command.help());
    return ExitStatus::kUsage;
  } catch (const CLI::Success& help) {
    app.exit(help);
    return ExitStatus::kDone;
  } catch (const CLI::ParseError& error) {
    return print_usage_error(error.what(), is_json);
  }
}

}  // namespace base
