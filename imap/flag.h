// Flags and keywords (RFC 9051, section 2.3.2).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace imap {

// A system flag in the spelling of the RFC, whatever case the server uses ("\SEEN" -> "\Seen"); any
// other flag is returned unchanged.
std::string canonical_flag(std::string_view flag);

// An atom of RFC 9051, section 9: printable ASCII without blanks, parentheses, braces, quotes,
// backslashes, wildcards and brackets.
bool is_atom(std::string_view text);

// Returns true if a command may carry the flag: an atom, optionally preceded by one backslash, of
// at most kMaxSentFlag bytes; never \* or \Recent. Servers and stores hold other flags (8-bit
// bytes, blanks, line ends): sent unchanged, these would end the command line and start another
// one.
bool can_be_sent(std::string_view flag);

// A command's line must stay below 8192 bytes, with a folder's name in it.
inline constexpr std::size_t kMaxSentFlag = 250;
inline constexpr std::size_t kMaxSentFlags = 4000;  // all flags of a message, with a space each

// \Recent belongs to the server and to one session; it is neither stored nor sent.
bool is_recent(std::string_view flag);

// Returns flags as they are stored and compared: canonical, sorted, each once, without \Recent.
std::vector<std::string> normal_flags(const std::vector<std::string>& flags);

}  // namespace imap
