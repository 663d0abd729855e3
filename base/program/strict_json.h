// JSON from outside: documents that two readers can't understand differently, of bounded depth.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace base {

// Returns why `text` is refused, empty if it is not: it must be one JSON document in UTF-8, nested
// at most `depth` deep, in which no object has a key twice (the parser itself keeps the last of
// the two). `document` is valid only if it is accepted.
std::string parse_strictly(std::string_view text, std::size_t depth, nlohmann::json& document);

}  // namespace base
