// The ASCII encoding of folder names in IMAP4rev1 (RFC 3501, section 5.1.3).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace imap {

// Decodes to UTF-8. Returns nullopt unless `raw` is the output of encode_modified_utf7() for some
// text: names in any other spelling (8-bit bytes, a bare '&', letters in base64) have no decoded
// form, so that no two names share one.
std::optional<std::string> decode_modified_utf7(std::string_view raw);

// `utf8` must be valid UTF-8.
std::string encode_modified_utf7(std::string_view utf8);

}  // namespace imap
