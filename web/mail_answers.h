// Messages, as files and taken apart. `asked`: the request for the message to the desk. All fail
// with a Problem.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "web/http.h"
#include "web/visit.h"

namespace web {

HttpAnswer raw_message(const Visit& visit, const nlohmann::ordered_json& asked);
HttpAnswer message_parts(const Visit& visit, const nlohmann::ordered_json& asked);
HttpAnswer message_part(const Visit& visit, const nlohmann::ordered_json& asked);
HttpAnswer message_view(const Visit& visit, const nlohmann::ordered_json& asked);

}  // namespace web
