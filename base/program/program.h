// Helpers that both programs use to run a command.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/config/config.h"
#include "base/exit_status.h"
#include "base/file_system.h"
#include "base/program/invoker.h"
#include "base/program/on_behalf.h"

namespace base {

// How a command prints its result: as text for people or as one JSON document.
enum class OutputFormat { kText, kJson };

// The configuration and the services that a command uses.
struct Environment {
  Config config;
  OutputFormat format = OutputFormat::kText;
  FileSystem& files;
  Clock& clock;
  Path config_file = {};  // the file that `config` was loaded from
  Invoker invoker = {};
  std::optional<OnBehalf> on_behalf = std::nullopt;  // set by --on-behalf-of-fd
};

// The same environment with another clock, which must outlive the result.
Environment with_clock(const Environment& environment, Clock& clock);

// Loads the configuration with the accounts that servers reported, and switches to the user who
// owns the store, or its index if it is in a bucket (base/program/invoker.h). Fails with kConfig
// and kIo.
Environment open_environment(const Path& config_file, OutputFormat format);

// The second half of it, for a configuration that was loaded already.
Environment enter_environment(Config config, const Path& config_file, OutputFormat format);

// Runs `body`; an error that ends it becomes one line on stderr, "PROGRAM: operation: ...", and its
// exit status. With kJson the error is a document on stdout as well, unless a result was printed
// there before.
ExitStatus run_guarded(std::string_view program, OutputFormat format,
                       const std::function<ExitStatus()>& body);

// {"error": {"code", "message"}, "exit_status"} to stdout. `code`: error_word(), or "stopped".
void print_error_document(std::string_view code, std::string_view message, ExitStatus status);
bool is_error_document(std::string_view document);

// Prints a diagnostic for people to stderr. If stderr can't be written to, the text is lost: it
// can't be reported anywhere else.
void print_to_stderr(std::string_view text);

// Prints to stdout. Fails with kIo if that is closed or full: a result that was not delivered is
// not a success.
void print_result(std::string_view text);

// Prints whichever of the two `format` selects. `document`: as from json_text().
void print_result(OutputFormat format, std::string_view document, std::string_view text);

// For steps after a command's work is done: an error is only logged and does not fail the command,
// so that no person or script repeats it. `what`: "the report was not printed".
void after_work(std::string_view what, const std::function<void()>& step);

// Like print_result(), but for commands whose result is their work, not the text: see after_work().
// A closed pipe does not end the program.
void print_report(std::string_view text);
void print_report(OutputFormat format, std::string_view document, std::string_view text);

}  // namespace base
