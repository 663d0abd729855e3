#include "base/program/program.h"

#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/config/found_accounts.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/program/invoker.h"
#include "base/sigpipe.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace base {

namespace {

// One document is all that stdout may get, so an error after a result is not printed there.
bool has_printed_result = false;

class ErrorPrinter {
 public:
  ErrorPrinter(std::string_view program, OutputFormat format)
      : program_(program), format_(format) {}

  ExitStatus print(std::string_view code, const std::string& what, ExitStatus status) const {
    const std::string line = escape_for_terminal(what);
    print_to_stderr(fmt::format("{}: {}\n", program_, line));
    if (format_ == OutputFormat::kJson && !has_printed_result) {
      print_error_document(code, line, status);
    }
    return status;
  }

 private:
  std::string_view program_;
  OutputFormat format_;
};

}  // namespace

Environment with_clock(const Environment& environment, Clock& clock) {
  return {environment.config,      environment.format,  environment.files,    clock,
          environment.config_file, environment.invoker, environment.on_behalf};
}

Environment open_environment(const Path& config_file, OutputFormat format) {
  FileSystem& files = real_file_system();
  return enter_environment(with_found_accounts(load_config(files, config_file), files), config_file,
                           format);
}

Environment enter_environment(Config config, const Path& config_file, OutputFormat format) {
  Environment environment{std::move(config), format, real_file_system(), system_clock(),
                          config_file};
  const StoreConfig& store = environment.config.store;
  become_owner_of(store.s3 ? store.index : store.path);
  show_times_in(environment.config.restore.time_zone);
  return environment;
}

ExitStatus run_guarded(std::string_view program, OutputFormat format,
                       const std::function<ExitStatus()>& body) {
  const ErrorPrinter printer(program, format);
  has_printed_result = false;
  try {
    return body();
  } catch (const Error& error) {
    return printer.print(error_word(error.code()), error.what(), exit_status(error.code()));
  } catch (const Stopped& stopped) {
    return printer.print("stopped", stopped.what(), ExitStatus::kNothingDone);
  } catch (const std::bad_alloc&) {
    return printer.print(error_word(ErrorCode::kIo),
                         "there is not enough memory: leave more free, and run it again",
                         ExitStatus::kNothingDone);
  } catch (const std::exception& error) {
    return printer.print(error_word(ErrorCode::kInternal),
                         fmt::format("internal error: {}: please report it", error.what()),
                         ExitStatus::kNothingDone);
  }
}

void print_error_document(std::string_view code, std::string_view message, ExitStatus status) {
  const nlohmann::ordered_json document = {{"error", {{"code", code}, {"message", message}}},
                                           {"exit_status", static_cast<int>(status)}};
  const std::string text = json_text(document);
  // If stdout can't be written to, the exit status and stderr report the error.
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stdout));
  static_cast<void>(std::fflush(stdout));
}

bool is_error_document(std::string_view document) {
  const auto parsed = parse_json(document);
  const auto error = parsed.is_object() ? parsed.find("error") : parsed.end();
  return error != parsed.end() && error->is_object() && error->contains("code");
}

void print_to_stderr(std::string_view text) {
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
  static_cast<void>(std::fflush(stderr));
}

void print_result(std::string_view text) {
  has_printed_result = true;
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) fail_with_errno(errno, "write to standard output");
}

void print_result(OutputFormat format, std::string_view document, std::string_view text) {
  print_result(format == OutputFormat::kJson ? document : text);
}

void after_work(std::string_view what, const std::function<void()>& step) {
  const NoSigpipe no_sigpipe;
  try {
    step();
  } catch (const Error& error) {
    log_error("the work is done, but {}: {}", what, without_run_again(error.what()));
  }
}

void print_report(std::string_view text) {
  after_work("the report was not printed", [&] { print_result(text); });
}

void print_report(OutputFormat format, std::string_view document, std::string_view text) {
  print_report(format == OutputFormat::kJson ? document : text);
}

}  // namespace base
