// Text beyond ASCII in mail that every server and every reader takes.
#pragma once

#include <string>
#include <string_view>

namespace base {

// A header field's line or lines, each ended by CR LF, none longer than 76 bytes: `name` and `text`
// (UTF-8; control characters become blanks), folded at blanks. What is beyond ASCII, or could not
// be folded, is in encoded words (RFC 2047, encoding Q), cut between characters.
std::string header_field(std::string_view name, std::string_view text);

// A body in quoted-printable (RFC 2045, section 6.7): lines of 76 bytes at most, ended by CR LF.
// `text` has its lines ended by LF.
std::string quoted_printable(std::string_view text);

}  // namespace base
