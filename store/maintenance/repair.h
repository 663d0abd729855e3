// Recovers as much as possible of a damaged store: damaged files are moved aside, everything still
// readable is copied into new packs, losses are reported, and the next backup fetches again what
// servers still have. Nothing is ever deleted.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "store/format/location.h"
#include "store/maintenance/check.h"

namespace store {

struct RepairReport {
  std::vector<std::string> found;        // damage found before the repair, one line each
  std::vector<std::string> quarantined;  // files, under their new names
  std::uint64_t salvaged_objects = 0;    // copied from damaged packs, messages among them
  std::uint64_t salvaged_messages = 0;
  std::vector<std::string> amended_accounts;  // their new newest snapshot omits what is lost
  std::uint64_t messages_to_fetch = 0;        // omitted from these accounts' snapshots
  CheckReport after;                          // the state after the repair
};

// Takes the store's lock and reads the whole store. Fails as Writer::open does, but not for damage,
// nor for a store that was restored to an older state: that state is valid from now on.
//
// Files in STORE/quarantine are salvaged too: an intact copy of a pack that turns up later is put
// there. May be interrupted anywhere: everything that was readable before remains readable, and the
// repair can be run again.
RepairReport repair(const Location& location, base::FileSystem& files, const base::Clock& clock,
                    const std::function<void(const CheckProgress&)>& progress = {});

}  // namespace store
