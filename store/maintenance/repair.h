// Makes the best of a damaged store: what is damaged is moved aside, what can still be read is
// copied into new packs, what is lost is named, and the next backup fetches again what servers
// still have. Nothing is ever deleted.
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
  std::vector<std::string> quarantined;  // files, as they are named now
  std::uint64_t salvaged_objects = 0;    // copied from damaged packs, messages among them
  std::uint64_t salvaged_messages = 0;
  std::vector<std::string> amended_accounts;  // have a new newest snapshot without what is lost
  std::uint64_t messages_to_fetch = 0;        // omitted from these
  CheckReport after;                          // what is still wrong
};

// Takes the store's lock and reads all of it. Fails as Writer::open does, but not for damage, nor
// for a store that was put back to an older state: that state counts from now on.
//
// Files in STORE/quarantine are salvaged too: a good copy of a pack that turns up later is put
// there. May be interrupted anywhere: what could be read before can be read, and it can be run
// again.
RepairReport repair(const Location& location, base::FileSystem& files, const base::Clock& clock,
                    const std::function<void(const CheckProgress&)>& progress = {});

}  // namespace store
