#include "tests/bench/process_memory.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "base/file_system.h"

namespace bench {

namespace {

constexpr std::chrono::milliseconds kBetweenLooks{200};

base::Path file_of(pid_t pid, const char* name) {
  return base::Path("/proc") / std::to_string(pid) / name;
}

// In megabytes: "Pss:" of smaps_rollup, "VmHWM:" of status. Zero if the process has ended.
double field_of(pid_t pid, const char* file, const std::string& field) {
  std::ifstream text(file_of(pid, file));
  std::string word;
  while (text >> word && word != field) {
  }
  double kilobytes = 0;
  text >> kilobytes;
  return kilobytes / 1'024;
}

pid_t parent_of(pid_t pid) {
  std::ifstream text(file_of(pid, "status"));
  std::string word;
  while (text >> word && word != "PPid:") {
  }
  pid_t parent = 0;
  text >> parent;
  return parent;
}

std::map<pid_t, std::vector<pid_t>> children_by_parent() {
  std::map<pid_t, std::vector<pid_t>> children;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename().string();
    pid_t pid = 0;
    const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (failure != std::errc() || end != name.data() + name.size()) continue;
    children[parent_of(pid)].push_back(pid);
  }
  return children;
}

void add(MemoryUse& use, const std::vector<pid_t>& processes) {
  double megabytes = 0;
  for (const pid_t pid : processes) {
    megabytes += field_of(pid, "smaps_rollup", "Pss:");
    use.largest = std::max(use.largest, field_of(pid, "status", "VmHWM:"));
  }
  use.processes = std::max(use.processes, processes.size());
  use.megabytes = std::max(use.megabytes, megabytes);
}

}  // namespace

MemoryWatch::MemoryWatch(std::vector<Watched> watched)
    : watched_(std::move(watched)), thread_([this] { watch(); }) {}

MemoryWatch::~MemoryWatch() {
  is_over_ = true;
  if (thread_.joinable()) thread_.join();
}

const std::map<std::string, MemoryUse>& MemoryWatch::result() {
  is_over_ = true;
  if (thread_.joinable()) thread_.join();
  return use_;
}

void MemoryWatch::watch() {
  while (!is_over_) {
    look();
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

void MemoryWatch::look() {
  const auto children = children_by_parent();
  for (const Watched& program : watched_) {
    add(use_[program.name], {program.pid});
    if (program.children.empty()) continue;
    const auto found = children.find(program.pid);
    add(use_[program.children], found == children.end() ? std::vector<pid_t>() : found->second);
  }
}

}  // namespace bench
