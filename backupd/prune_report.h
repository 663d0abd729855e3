// The report of `prune` and `forget` on the packs.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "store/maintenance/prune.h"

namespace backupd {

nlohmann::ordered_json prune_json(const store::PruneReport& report);

// The work that was not done for lack of room, and the remedy, as a line without its end; "":
// everything was done.
std::string describe_left(const store::PruneReport& report);

std::string prune_text(const store::PruneReport& report, store::PruneMode mode,
                       std::chrono::seconds grace);

}  // namespace backupd
