// When the last sweep ran, for those who rely on the expiry of trees.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/config/store_config.h"
#include "base/file_system.h"

namespace base {

struct LastSweep {
  std::optional<std::chrono::sys_seconds> time;  // nullopt: no sweep has run yet
  std::optional<int> status;                     // its exit status; nullopt: it is running, or died
  bool is_recent = false;                        // it was within the last day

  // "the last sweep was at 2026-11-24T02:30:00Z and ended with status 1"
  std::string to_text(const std::string& time_zone) const;
};

LastSweep last_sweep(FileSystem& files, const StoreConfig& store, std::chrono::sys_seconds now);

}  // namespace base
