// Encodings of non-ASCII text in mail that every server and every mail client accepts.
#pragma once

#include <string>
#include <string_view>

namespace base {

// A header field's line or lines, each ended by CR LF, none longer than 76 bytes: `name` and `text`
// (UTF-8; control characters become blanks), folded at blanks. Text that is not ASCII, or can't be
// folded, is written as encoded words (RFC 2047, encoding Q), split between characters.
std::string header_field(std::string_view name, std::string_view text);

// A body in quoted-printable (RFC 2045, section 6.7): lines of at most 76 bytes, ended by CR LF.
// The lines of `text` end with LF.
std::string quoted_printable(std::string_view text);

}  // namespace base
