#include "base/program/front.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/core_dumps.h"
#include "base/log.h"
#include "base/program/audit_log.h"
#include "base/program/command_line.h"
#include "base/program/invoker.h"
#include "base/program/on_behalf.h"
#include "base/terminal.h"

namespace base {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kNoDocument = "It prints no JSON document.";

class Front {
 public:
  Front(const ProgramDescription& program, const std::vector<std::string>& arguments,
        const OpenEnvironment& open)
      : program_(program),
        arguments_(arguments),
        open_(open),
        app_(program.purpose, program.name),
        config_file_(program.config_file) {
    app_.footer(program.footer);
    app_.fallthrough();
    app_.set_version_flag("--version", "mailstow " + program.version);
    Options options(app_);
    options.value("--config", config_file_, "FILE",
                  "The configuration file (default: " + config_file_ + ")");
    options.flag("-v,--verbose", is_verbose_, "Log more");
    options.flag("-q,--quiet", is_quiet_, "Log errors only").excludes("--verbose");
    options.flag("--json", is_json_, "Print one JSON document, errors too");
    options.flag("--wide", is_wide_, "Do not cut the cells of tables");
    options.value("--on-behalf-of-fd", on_behalf_of_fd_, "N",
                  "Read from descriptor N for which person, role and client this is,\n"
                  "for the audit log");
    for (const CommandGroup& group : program.groups) {
      groups_[group.name] = app_.add_subcommand(group.name, group.help);
    }
    for (const Command& command : program.commands) add(command);
  }

  ExitStatus run() {
    if (const auto ended = parse_command_line(app_, arguments_, with_dashed_words_)) return *ended;
    if (is_verbose_) set_log_level(LogLevel::kDebug);
    if (is_quiet_) set_log_level(LogLevel::kError);
    if (is_wide_) show_whole_tables();
    const auto format = is_json_ ? OutputFormat::kJson : OutputFormat::kText;
    return run_guarded(program_.name, format, [&] {
      const Command& command = chosen();
      if (is_json_ && !command.has_document) {
        fail(ErrorCode::kUsage, "{}: it has no JSON document: leave out --json", command.name);
      }
      // Done before anything else is opened: a new file would get the number of a descriptor that
      // is not open.
      std::optional<OnBehalf> on_behalf;
      if (on_behalf_of_fd_) on_behalf = read_on_behalf(*on_behalf_of_fd_);
      if (command.without_environment) return command.without_environment(config_file_, format);
      const Invoker invoker = base::invoker();  // before this process becomes another user
      Environment environment = open_(config_file_, format);
      environment.invoker = invoker;
      environment.on_behalf = on_behalf;
      if (command.read_input) command.read_input();
      if (command.is_audited()) {
        const Json details = command.audit_details ? command.audit_details() : Json::object();
        AuditLog(environment.config.store, invoker, environment.clock)
            .append({.program = program_.name,
                     .command = command.name,
                     .account = command.account(),
                     .arguments = arguments_,
                     .on_behalf = on_behalf,
                     .details = &details});
      }
      return command.function(environment);
    });
  }

 private:
  void add(const Command& command) {
    const auto blank = command.name.find(' ');
    CLI::App& above =
        blank == std::string::npos ? app_ : *groups_.at(command.name.substr(0, blank));
    CLI::App* const app = above.add_subcommand(
        blank == std::string::npos ? command.name : command.name.substr(blank + 1), command.help);
    if (command.help.empty()) app->group("");
    commands_[app] = &command;
    // The options of a command that is not among the words can't be used, and it takes time to
    // declare those of all commands.
    if (std::ranges::find(arguments_, app->get_name()) == arguments_.end()) return;
    Options options(*app);
    command.declare(options);
    if (command.has_document) {
      options.flag("--json", is_json_, "Print one JSON document, errors too");
    } else {
      app->footer(kNoDocument);
    }
    if (command.has_dashed_words) with_dashed_words_.insert(app);
  }

  const Command& chosen() const {
    const CLI::App* app = &app_;
    while (!commands_.contains(app)) app = app->get_subcommands().front();
    return *commands_.at(app);
  }

  const ProgramDescription& program_;
  const std::vector<std::string> arguments_;
  const OpenEnvironment& open_;
  CLI::App app_;
  std::string config_file_;
  bool is_verbose_ = false;
  bool is_quiet_ = false;
  bool is_json_ = false;
  bool is_wide_ = false;
  std::optional<std::uint32_t> on_behalf_of_fd_;
  std::map<std::string, CLI::App*> groups_;
  std::map<const CLI::App*, const Command*> commands_;
  std::set<const CLI::App*> with_dashed_words_;
};

// A file that is opened later must not become stdout or stderr: reports would be written into it.
void occupy_standard_descriptors() {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(standard, F_GETFD) >= 0 || errno != EBADF) continue;
    // It gets the lowest free number; writing to it fails, as to a closed one.
    static_cast<void>(::open("/dev/null", O_RDONLY));
  }
}

}  // namespace

int run_program(const ProgramDescription& program, int argc, char** argv) {
  return run_program(program, {argv + 1, argv + argc}, open_environment);
}

int run_program(const ProgramDescription& program, const std::vector<std::string>& arguments,
                const OpenEnvironment& open) {
  occupy_standard_descriptors();
  prevent_core_dumps();
  return static_cast<int>(Front(program, arguments, open).run());
}

}  // namespace base
