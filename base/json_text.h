// JSON documents and their texts. In one place also because every file that instantiates the parser
// or the serializer for itself takes seconds more to compile.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace base {

// No document of mailstow is nested deeper. Writing one takes a part of the stack for each level.
inline constexpr std::size_t kMaxJsonDepth = 64;

// Discarded (is_discarded(), and neither object nor array) if the text isn't JSON, or is nested
// deeper than that.
nlohmann::ordered_json parse_json(std::string_view text);

// As text, bytes that are not UTF-8 become U+FFFD: names come from servers.
//
// For output: indented, with a line end.
std::string json_text(const nlohmann::ordered_json& document);

// For files and protocols: one line, without its end.
std::string json_line(const nlohmann::ordered_json& document);

}  // namespace base
