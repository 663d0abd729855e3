// How IMAP4rev1 writes folder names in ASCII (RFC 3501, section 5.1.3).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace imap {

// UTF-8. Nothing if `raw` is not what encode_modified_utf7() makes of some text: names that are
// written in another way (8-bit bytes, a bare '&', letters in base64) have no decoded form, so that
// no two names share one.
std::optional<std::string> decode_modified_utf7(std::string_view raw);

// `utf8` must be valid UTF-8.
std::string encode_modified_utf7(std::string_view utf8);

}  // namespace imap
