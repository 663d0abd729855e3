#include "base/program/options.h"

#include <charconv>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "base/error.h"
#include "base/time_text.h"

namespace base {

namespace {

// A duration of 0 would expire what is kept at once, or leave no time for what is to be done.
CLI::Option* add_duration(CLI::App& command, const std::string& names,
                          std::optional<std::chrono::seconds>& value, const std::string& help) {
  CLI::Option* const declared = command.add_option_function<std::string>(
      names, [&value](const std::string& text) { value = parse_duration(text); }, help);
  declared->check([](const std::string& text) -> std::string {
    try {
      if (parse_duration(text).count() > 0) return "";
    } catch (const Error& error) {
      return error.what();
    }
    return fmt::format("{}: write a duration of 1s or more", text);
  });
  return declared;
}

// CLI11's own message lacks the range.
std::string refuse_unless_number(const std::string& text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return "";
  return fmt::format("{}: write a whole number from 0 to {}", text, UINT32_MAX);
}

}  // namespace

Option& Option::required() {
  option_.required();
  // The placeholder replaces CLI11's own mark. Arguments without brackets are required anyway.
  if (option_.nonpositional()) option_.option_text(option_.get_option_text() + " (required)");
  return *this;
}

Option& Option::excludes(const std::string& name) {
  option_.excludes(command_.get_option(name));
  return *this;
}

Option& Option::needs(const std::string& name) {
  option_.needs(command_.get_option(name));
  return *this;
}

Option Options::flag(const std::string& names, bool& is_given, const std::string& help) {
  return option(*command_.add_flag(names, is_given, help));
}

Option Options::value(const std::string& names, std::string& value, const std::string& placeholder,
                      const std::string& help) {
  return option(*command_.add_option(names, value, help)->option_text(placeholder));
}

Option Options::value(const std::string& names, std::optional<std::uint32_t>& value,
                      const std::string& placeholder, const std::string& help) {
  CLI::Option* const declared = command_.add_option(names, value, help);
  declared->option_text(placeholder)->check(refuse_unless_number);
  return option(*declared);
}

Option Options::value(const std::string& names, std::size_t& value, const std::string& placeholder,
                      const std::string& help) {
  CLI::Option* const declared = command_.add_option(names, value, help);
  declared->option_text(placeholder)->check([](const std::string& text) -> std::string {
    const bool is_number = text.find_first_not_of("0123456789") == std::string::npos;
    if (is_number && text.find_first_not_of('0') != std::string::npos) return "";
    return fmt::format("{}: write a whole number of 1 or more", text);
  });
  return option(*declared);
}

Option Options::value(const std::string& names, std::optional<std::chrono::seconds>& value,
                      const std::string& placeholder, const std::string& help) {
  return option(*add_duration(command_, names, value, help)->option_text(placeholder));
}

Option Options::choice(const std::string& names, std::string& value,
                       const std::vector<std::string>& words, const std::string& placeholder,
                       const std::string& help) {
  CLI::Option* const declared = command_.add_option(names, value, help);
  declared->check(CLI::IsMember(words))->option_text(placeholder);
  return option(*declared);
}

Option Options::values(const std::string& names, std::vector<std::string>& values,
                       const std::string& placeholder, const std::string& help) {
  CLI::Option* const declared = command_.add_option(names, values, help);
  declared->expected(1)->take_all()->option_text(placeholder + " ...");
  return option(*declared);
}

Option Options::argument(const std::string& name, std::string& value, const std::string& help) {
  return option(*command_.add_option(name, value, help)->option_text(" "));
}

Option Options::argument(const std::string& name, std::optional<std::uint32_t>& value,
                         const std::string& help) {
  CLI::Option* const declared = command_.add_option(name, value, help);
  declared->option_text(" ")->check(refuse_unless_number);
  return option(*declared);
}

Option Options::argument(const std::string& name, std::optional<std::chrono::seconds>& value,
                         const std::string& help) {
  return option(*add_duration(command_, name, value, help)->option_text(" "));
}

Option Options::arguments(const std::string& name, std::vector<std::string>& values,
                          const std::string& help) {
  return option(*command_.add_option(name, values, help)->option_text("..."));
}

void Options::make_exclusive(const std::string& name) {
  CLI::Option* const exclusive = command_.get_option(name);
  for (CLI::Option* other : command_.get_options()) {
    const bool is_help = other->get_name() == "--help";
    if (other->nonpositional() && other != exclusive && !is_help) exclusive->excludes(other);
  }
}

}  // namespace base
