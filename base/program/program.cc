#include "base/program/program.h"

#include <cerrno>
#include <cstdio>
#include <exception>

#include <fmt/core.h>

#include "base/error.h"
#include "base/stop_request.h"
#include "base/terminal.h"

namespace base {

namespace {

void print_error(std::string_view program, std::string_view what) {
  tell(fmt::format("{}: {}\n", program, escape_for_terminal(what)));
}

}  // namespace

ExitStatus run_guarded(std::string_view program, const std::function<ExitStatus()>& body) {
  try {
    return body();
  } catch (const Error& error) {
    print_error(program, error.what());
    return exit_status(error.code());
  } catch (const Stopped& stopped) {
    print_error(program, stopped.what());
    return ExitStatus::kNothingDone;
  } catch (const std::exception& error) {
    print_error(program, fmt::format("internal error: {}: please report it", error.what()));
    return ExitStatus::kNothingDone;
  }
}

void tell(std::string_view text) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
  static_cast<void>(std::fflush(stderr));
}

void print_result(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) fail_with_errno(errno, "write to standard output");
}

}  // namespace base
