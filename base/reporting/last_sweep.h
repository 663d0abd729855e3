// When the last sweep ran, and what it left, for those who rely on the expiry of trees.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config/store_config.h"
#include "base/file_system.h"

namespace base {

// Why a sweep left a tree that was due.
struct SweepReason {
  std::string tree;  // the id of its record; empty: the reason is that of all trees
  std::string why;   // a line, escaped
  bool operator==(const SweepReason&) const = default;
};

struct LastSweep {
  std::optional<std::chrono::sys_seconds> time;  // nullopt: no sweep has run yet
  std::optional<int> status;                     // its exit status; nullopt: it is running, or died
  bool is_recent = false;                        // it was within the last day
  std::vector<SweepReason> reasons = {};         // empty also while it is running

  // "the last sweep was at 2026-11-24T02:30:00Z and ended with status 1"
  std::string to_text(const std::string& time_zone) const;

  // Why it left the tree with this id; empty: unknown.
  std::string why(std::string_view tree) const;
};

LastSweep last_sweep(FileSystem& files, const StoreConfig& store, std::chrono::sys_seconds now);

// What last_sweep() reads of the reasons: JobRecord::details of a sweep. Has the first hundred.
std::string sweep_details(const std::vector<SweepReason>& reasons);

}  // namespace base
