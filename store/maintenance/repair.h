// Recovers as much as possible of a damaged store: damaged packs are no longer read, everything
// still readable is copied into new ones, losses are reported, and the next backup fetches again
// what servers still have. No byte is ever deleted.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "store/format/location.h"
#include "store/maintenance/check.h"

namespace store {

// A snapshot that was given up because it can't be read whole.
struct UnreadableSnapshot {
  std::string account;
  std::chrono::sys_seconds time{};
  // Its content according to its commit.
  std::uint64_t folders = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  // The content of the snapshot in its place; nullopt: nothing is left, it is dropped.
  struct Rest {
    std::uint64_t folders = 0;
    std::uint64_t messages = 0;
  };
  std::optional<Rest> rest;
};

struct RepairReport {
  std::vector<std::string> found;  // damage found before the repair, one line each
  // Blobs that were deleted or replaced behind the store's back, and are again what they were
  // first.
  std::vector<std::string> put_back;
  std::vector<std::string> condemned;    // damaged packs that are no longer read, but stay in place
  std::vector<std::string> quarantined;  // other files, under their new names
  std::uint64_t salvaged_objects = 0;    // copied from damaged packs, messages among them
  std::uint64_t salvaged_messages = 0;
  std::vector<std::string> amended_accounts;  // their new newest snapshot omits what is lost
  std::uint64_t messages_to_fetch = 0;        // omitted from these accounts' snapshots
  std::vector<UnreadableSnapshot> given_up;   // of the account to drop from
  CheckReport after;                          // the state after the repair
};

// Takes the store's lock and reads the whole store. Fails as Writer::open does, but not for damage,
// nor for a store that was restored to an older state: that state is valid from now on.
//
// Packs that an earlier repair condemned are salvaged again, and so are files in STORE/quarantine:
// if an intact copy of a pack turns up later, put it in the damaged one's place. May be interrupted
// anywhere: everything that was readable before remains readable, and the repair can be run again.
//
// `drop_unreadable`: an account, or empty. Each of its snapshots that can't be read whole after
// the repair is replaced by the rest of it, or dropped if its root can't be read: until then, prune
// deletes nothing. Fails with kNotFound if the account has no snapshot, and with kConfig if a pack
// has a newer format version.
RepairReport repair(const Location& location, base::FileSystem& files, const base::Clock& clock,
                    const std::function<void(const CheckProgress&)>& progress = {},
                    const std::string& drop_unreadable = {});

}  // namespace store
