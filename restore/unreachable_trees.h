// Remembers the expired trees that no sweep can reach, because their accounts left the
// configuration: each is reported once a day, and its record is closed after a while.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "base/config/store_config.h"
#include "base/file_system.h"
#include "store/tree_record.h"

namespace restore {

// How long a sweep must have failed to reach a tree before its record is closed.
inline constexpr std::chrono::days kUnreachablePeriod{30};

class UnreachableTrees {
 public:
  // From a small file beside the index; empty if that is lost or unreadable.
  static UnreachableTrees load(base::FileSystem& files, const base::StoreConfig& store);

  struct Verdict {
    bool is_report_due = false;  // the last report is a day old, or this is the first
    bool is_over = false;        // the tree has been unreachable for kUnreachablePeriod
    std::chrono::sys_seconds since{};
  };
  // Notes that a sweep did not reach the tree at `now`, and why: escaped. Times in the future are
  // those of a wrong clock, and count as now.
  Verdict note(const std::string& tree_id, std::chrono::sys_seconds now, const std::string& why);

  struct Reason {
    std::string why;  // of the last sweep; empty: an earlier version of mailstow noted it
    std::chrono::sys_seconds since{};
  };
  // nullopt if the last sweep reached the tree, or it was not due.
  std::optional<Reason> reason_for(const std::string& tree_id) const;

  void forget(const std::string& tree_id) { trees_.erase(tree_id); }

  // Forgets all trees that are not among `due`: they were extended, or are gone.
  void keep_only(std::span<const store::TreeRecord> due);

  // Fails with kIo or kNoSpace.
  void save(base::FileSystem& files, const base::StoreConfig& store) const;

 private:
  struct Times {
    std::chrono::sys_seconds since{};
    std::chrono::sys_seconds reported{};
    std::string why = {};
    bool operator==(const Times&) const = default;
  };
  std::map<std::string, Times> trees_;  // by id
  std::map<std::string, Times> saved_;
};

}  // namespace restore
