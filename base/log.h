// Log lines on stderr. Text in a line that comes from outside (servers, files, users) is escaped,
// and the text of every live Secret is masked, unless it has LogMask::kOff.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace base {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

// Lines below `level` are dropped; kInfo before the first call.
void set_log_level(LogLevel level);
bool is_logged(LogLevel level);

// One line; thread-safe.
void log_line(LogLevel level, std::string_view line);

// The text with "***" in place of the secret. Secrets of fewer than four characters stay: they
// could be ordinary words.
std::string masked(std::string text, std::string_view secret);

// Used only by Secret.
void mask_in_log(std::string_view secret);
void unmask_in_log(std::string_view secret);

template <typename... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  if (is_logged(LogLevel::kDebug)) {
    log_line(LogLevel::kDebug, fmt::format(format, std::forward<Args>(args)...));
  }
}

template <typename... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::kWarning, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  log_line(LogLevel::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace base
