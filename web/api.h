// Answers requests to the API.
#pragma once

#include "web/http.h"
#include "web/target.h"
#include "web/visit.h"

namespace web {

// `target`: its path begins below /api. Fails with a Problem.
HttpAnswer api_answer(Services& services, const HttpRequest& request, const Target& target);

}  // namespace web
