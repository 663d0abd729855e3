// The last known state of each copy of the store, kept in a small file beside the index,
// INDEX/copies.json.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.h"
#include "base/config/copies_config.h"
#include "base/config/store_config.h"
#include "base/file_system.h"

namespace backupd {

// A commit that the copy does not follow until it is accepted.
struct HeldState {
  std::uint64_t number = 0;
  std::string id;                    // in hex
  std::vector<std::string> reasons;  // escaped
  bool is_together = false;          // store::HeldCommit::is_together
  bool operator==(const HeldState&) const = default;
};

// As `mailstow-backupd copy` last left it.
struct CopyState {
  std::uint64_t commit = 0;  // the number of its newest commit; 0: it has none
  std::string commit_id;     // in hex
  std::chrono::sys_seconds commit_time{};
  std::chrono::sys_seconds seen{};  // when it was last brought up to date; 1970: never
  std::uint64_t behind = 0;         // commits of the store that it lacked then
  // Its last update found no damage and held nothing; false if an earlier version wrote the state.
  bool is_complete = false;
  bool has_begun = false;  // packs were sent there, even if no commit was
  std::optional<HeldState> held;
  std::set<std::string> accepted_slots;  // key slots that only the copy has, rightly
  bool operator==(const CopyState&) const = default;
};

using CopyStates = std::map<std::string, CopyState>;  // by the copy's name

// Entries that are damaged are left out, with a warning. Fails with kIo.
CopyStates load_copy_states(base::FileSystem& files, const base::StoreConfig& store);

// Atomic and durable. Fails with kIo, kNoSpace.
void save_copy_states(base::FileSystem& files, const base::StoreConfig& store,
                      const CopyStates& states);

// Loads them, changes them and saves them. Another process that does the same waits meanwhile.
// Fails as both do, and with kBusy if it has to wait for longer than ten seconds.
void update_copy_states(base::FileSystem& files, base::Clock& clock, const base::StoreConfig& store,
                        const std::function<void(CopyStates&)>& change);

// How many commits the store has made since, `highest` being the number of its newest one; as many
// as were known if that is 0.
std::uint64_t commits_behind(const CopyState& state, std::uint64_t highest);

// A copy that was not brought up to date for so long raises an alarm. One that is damaged, or holds
// a commit, is not up to date.
inline constexpr std::chrono::days kCopyAlarmAfter{2};

// Why a copy raises an alarm, one line; "": it raises none. `state`: null if nothing is known of
// it.
std::string copy_alarm(const std::string& copy, const CopyState* state,
                       std::chrono::sys_seconds now);

// The copies of the configuration for `status`. Text: "" without copies.
nlohmann::ordered_json copies_document(const std::vector<base::CopyConfig>& copies,
                                       const CopyStates& states, std::uint64_t highest,
                                       std::chrono::sys_seconds now);
std::string copies_text(const std::vector<base::CopyConfig>& copies, const CopyStates& states,
                        std::uint64_t highest, std::chrono::sys_seconds now);

// Those of the alarms.
std::vector<std::string> copy_alarms(const std::vector<base::CopyConfig>& copies,
                                     const CopyStates& states, std::chrono::sys_seconds now);

// A line about the commit that it holds, and what to do; to be called only if there is one.
std::string describe_held(const std::string& copy, const CopyState& state);

}  // namespace backupd
