// Commands without which an account can be backed up and restored. A server may announce one and
// then not answer it, or break the connection over it: the next connection does without it.
// CAPABILITY counts too: the capabilities that came with the login are then all that is known.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "imap/capabilities.h"

namespace imap {

using CommandNames =
    std::set<std::string, std::less<>>;  // upper case: "ENABLE", "LIST (SUBSCRIBED)"

bool is_optional(std::string_view command);

// The capabilities without those that lead to one of `commands`.
Capabilities without(const Capabilities& announced, const CommandNames& commands);

}  // namespace imap
