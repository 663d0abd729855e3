#include "base/log.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <string.h>

#include "base/terminal.h"

namespace base {

namespace {

std::atomic<LogLevel> min_level = LogLevel::kInfo;

// Masking shorter secrets would mask ordinary words.
constexpr std::size_t kMinMasked = 4;

struct MaskedSecrets {
  std::mutex mutex;
  std::vector<std::string> secrets;  // one entry for each live copy of a secret
};

MaskedSecrets& masked_secrets() {
  static MaskedSecrets instance;
  return instance;
}

std::string mask(std::string line) {
  MaskedSecrets& all = masked_secrets();
  const std::lock_guard lock(all.mutex);
  for (const std::string& secret : all.secrets) line = masked(std::move(line), secret);
  return line;
}

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>("mailstow",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%l: %v");
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

}  // namespace

void set_log_level(LogLevel level) {
  min_level = level;
}

bool is_logged(LogLevel level) {
  return level >= min_level && level != LogLevel::kOff;
}

void log_line(LogLevel level, std::string_view line) {
  if (!is_logged(level)) return;
  logger().log(spdlog_level(level), escape_for_terminal(mask(std::string(line))));
}

std::string masked(std::string text, std::string_view secret) {
  constexpr std::string_view kMask = "***";
  if (secret.size() < kMinMasked) return text;
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), kMask);
    at += kMask.size();
  }
  return text;
}

void mask_in_log(std::string_view secret) {
  if (secret.size() < kMinMasked) return;
  MaskedSecrets& all = masked_secrets();
  const std::lock_guard lock(all.mutex);
  all.secrets.emplace_back(secret);
}

void unmask_in_log(std::string_view secret) {
  MaskedSecrets& all = masked_secrets();
  const std::lock_guard lock(all.mutex);
  const auto found = std::find(all.secrets.begin(), all.secrets.end(), secret);
  if (found == all.secrets.end()) return;
  ::explicit_bzero(found->data(), found->size());
  all.secrets.erase(found);
}

}  // namespace base
