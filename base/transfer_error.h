// libcurl's reasons for a failed connection, in words that are the same for the same failure.
#pragma once

#include <string>
#include <string_view>

namespace base {

// `reason` without how long libcurl tried and how many bytes came: a dead server is one cause for
// all its accounts, reported once, and not a thousand causes that differ in milliseconds.
std::string without_measurements(std::string_view reason);

}  // namespace base
