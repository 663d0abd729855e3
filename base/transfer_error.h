// The reasons of libcurl and of servers for a failure, in words that are the same for the same
// failure.
#pragma once

#include <string>
#include <string_view>

namespace base {

// `reason` without how long libcurl or the server tried and how many bytes came: a dead server is
// one cause for all its accounts, reported once, and not a thousand causes that differ in
// milliseconds.
std::string without_measurements(std::string_view reason);

// The part of a URL that may be shown, escaped: scheme, host and port. Its path may be a secret.
std::string server_of_url(std::string_view url);

}  // namespace base
