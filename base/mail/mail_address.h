// Mail addresses as mailstow writes them: a plain addr-spec (RFC 5322, section 3.4.1) without
// quotes, comments or characters beyond ASCII, so that no part of one can be mistaken for anything
// else in a header or an SMTP command.
#pragma once

#include <string_view>

namespace base {

// A dot-atom of at most 64 bytes, @, a host name; at most 254 bytes in all.
bool is_mail_address(std::string_view text);

// Letters, digits and hyphens between dots, as in RFC 1123; at most 253 bytes.
bool is_host_name(std::string_view text);

}  // namespace base
