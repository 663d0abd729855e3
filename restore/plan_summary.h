// A plan in numbers: what `run --dry-run` reports besides the folders.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace restore {

// The numbers of a plan, all folders together.
struct PlanCounts {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t deleted = 0;          // messages that lose \Deleted
  std::uint64_t keywords_lost = 0;    // messages with a keyword that the server does not keep
  std::uint64_t keywords_unsure = 0;  // ... with any, if the server does not report what it keeps
  std::uint64_t undated = 0;          // messages without a date: the server gives them one
  std::chrono::seconds estimated{};   // how long the restore takes
};

struct PlanSummary {
  PlanCounts counts;
  // STORAGE of the account, in KiB; nullopt: the server reports no limit, or it is unknown.
  struct Room {
    std::uint64_t usage = 0;
    std::uint64_t limit = 0;
  };
  std::optional<Room> room;
  bool is_room_unknown = false;  // the server does not carry out GETQUOTAROOT
  bool took_backup = false;      // for --missing
  // The tree's name as the text shows it: the run will have another time. Empty:
  // RestoreReport::tree.
  std::string shown_tree = {};
};

// The name of a tree that a run would make now, with words in place of its time. `tree_template`,
// `user` and `delimiter` as for base::tree_template_for().
std::string name_without_time(const std::string& tree_template, const std::string& user,
                              char delimiter);

}  // namespace restore
