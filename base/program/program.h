// Helpers that both programs use to run a command.
#pragma once

#include <functional>
#include <string_view>

#include "base/clock.h"
#include "base/config/config.h"
#include "base/exit_status.h"
#include "base/file_system.h"

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
};

// Runs `body`; an error that ends it becomes one line on stderr, "PROGRAM: operation: ...", and its
// exit status.
ExitStatus run_guarded(std::string_view program, const std::function<ExitStatus()>& body);

// Prints a diagnostic for people to stderr. If stderr can't be written to, the text is lost: it
// can't be reported anywhere else.
void tell(std::string_view text);

// Prints to stdout. Fails with kIo if that is closed or full: a result that was not delivered is
// not a success.
void print_result(std::string_view text);

}  // namespace base
