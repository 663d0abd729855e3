// How the commands print: a text for people, or one document.
#pragma once

#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/program/program.h"
#include "store/format/snapshot.h"

namespace restore {

void print(base::OutputFormat format, const nlohmann::ordered_json& document,
           std::string_view text);

}  // namespace restore
