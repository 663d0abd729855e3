// Addresses of mail as mailstow writes them: a plain addr-spec (RFC 5322, section 3.4.1) without
// quotes, comments or characters beyond ASCII, so that nothing in one can be taken for anything
// else in a header or an SMTP command.
#pragma once

#include <string_view>

namespace base {

// A dot-atom of 64 bytes at most, @, a host name; 254 bytes at most in all.
bool is_mail_address(std::string_view text);

// Letters, digits and hyphens between dots, as RFC 1123 has it; 253 bytes at most.
bool is_host_name(std::string_view text);

}  // namespace base
