// The children of the test, as the system shows them.
#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include <unistd.h>

#include "base/core_dumps.h"

namespace desk {

inline constexpr auto kUntilItIsSeen = std::chrono::seconds(20);

// False if that takes too long.
template <typename Condition>
bool comes_true(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + kUntilItIsSeen;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

inline std::string field_of(pid_t pid, std::string_view field) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(std::string(field) + ":\t")) continue;
    return line.substr(field.size() + 2);
  }
  return {};
}

// The children of this process, also those that have ended and must be waited for.
inline std::vector<pid_t> all_children() {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string number = entry.path().filename();
    if (number.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto pid = static_cast<pid_t>(std::stol(number));
    if (field_of(pid, "PPid") == std::to_string(::getpid())) found.push_back(pid);
  }
  return found;
}

inline bool has_ended(pid_t pid) {
  const std::string state = field_of(pid, "State");
  return state.empty() || state.starts_with("Z");
}

// Living children of this process.
inline std::vector<pid_t> children_named(std::string_view name) {
  std::vector<pid_t> found = all_children();
  std::erase_if(found, [&](pid_t pid) { return field_of(pid, "Name") != name || has_ended(pid); });
  return found;
}

// Processes that hold keys show their files to root alone.
inline bool can_see_files() {
  return base::kIsSanitized || ::geteuid() == 0;
}

inline std::set<int> files_of(pid_t pid) {
  std::set<int> numbers;
  std::error_code error;
  const auto directory = "/proc/" + std::to_string(pid) + "/fd";
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    numbers.insert(std::stoi(entry.path().filename()));
  }
  return numbers;
}

}  // namespace desk
