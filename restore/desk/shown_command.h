// Lines that an administrator pastes into a shell: the page shows one beside every action. Names
// are quoted, and never taken for options.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace desk {

// The command line of mailstow-restore for a request to a child (Children), of any of the commands
// about an account's mail and trees; that of a plan is the restore that it plans. The desk's own
// bounds, such as the reach, are not in it.
std::string shown_command(const nlohmann::ordered_json& asked);

// {"extend", "expire"}: the lines that keep a tree for a week longer, and that remove it.
nlohmann::ordered_json tree_commands(const std::string& account, const std::string& tree);

// `program` with these words.
std::string shown_line(std::string_view program, const std::vector<std::string>& words);

// The line for an administrator who knows the reason of an account's alarm. `kind`: as `status`
// prints it. Empty for a kind that no command deals with.
std::string shown_remedy(std::string_view kind, const std::string& account);

}  // namespace desk
