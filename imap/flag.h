// Flags and keywords (RFC 9051, section 2.3.2).
#pragma once

#include <string>
#include <string_view>

namespace imap {

// A system flag in the spelling of the RFC, whatever case the server uses ("\SEEN" -> "\Seen");
// anything else as it is.
std::string canonical_flag(std::string_view flag);

// \Recent belongs to the server and to one session; it is neither stored nor sent.
bool is_recent(std::string_view flag);

}  // namespace imap
