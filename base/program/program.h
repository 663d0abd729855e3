// What both programs do the same way around a command.
#pragma once

#include <functional>
#include <string_view>

#include "base/clock.h"
#include "base/config/config.h"
#include "base/exit_status.h"
#include "base/file_system.h"

namespace base {

// Whether a command prints a text for people or one JSON document.
enum class OutputFormat { kText, kJson };

// What a command works with.
struct Environment {
  Config config;
  OutputFormat format = OutputFormat::kText;
  FileSystem& files;
  Clock& clock;
  Path config_file = {};  // where `config` is from
};

// Runs `body`; an error that ends it becomes one line on stderr, "PROGRAM: operation: ...", and its
// exit status.
ExitStatus run_guarded(std::string_view program, const std::function<ExitStatus()>& body);

// To stderr, where people are spoken to. What can't be written there can't be told anywhere else,
// so it is lost.
void tell(std::string_view text);

// To stdout. Fails with kIo if that is closed or full: a result that nobody got is no success.
void print_result(std::string_view text);

}  // namespace base
