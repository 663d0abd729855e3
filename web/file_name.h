// Names of files that come from mail, for Content-Disposition (RFC 6266).
#pragma once

#include <string>
#include <string_view>

namespace web {

// A name without directories, control characters, marks that change the writing direction, and
// other characters that a system may refuse; at most 120 bytes. Never empty.
std::string clean_file_name(std::string_view name);

// attachment; filename="..."; filename*=UTF-8''...
std::string attachment_disposition(std::string_view name);

}  // namespace web
