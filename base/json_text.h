// JSON documents as text. Bytes that are not UTF-8 become U+FFFD: names come from servers.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace base {

// For output: indented, with a line end.
std::string json_text(const nlohmann::ordered_json& document);

// For files and protocols: one line, without its end.
std::string json_line(const nlohmann::ordered_json& document);

}  // namespace base
