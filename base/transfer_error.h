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

}  // namespace base
