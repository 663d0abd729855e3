// What the desk starts, as a line that an administrator pastes into a shell: the page shows it
// beside every action.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace desk {

// The command line of mailstow-restore for a request to a child (Children), of any of the commands
// about an account's mail and trees; that of a plan is the restore that it plans. The desk's own
// bounds, such as the reach, are not in it. Names are quoted, and never taken for options.
std::string shown_command(const nlohmann::ordered_json& asked);

}  // namespace desk
