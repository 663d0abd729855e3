// The description of the API, made of the table that routes.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace web {

// An OpenAPI 3.1 document.
nlohmann::ordered_json openapi_document();

}  // namespace web
