// Answers requests to the API.
#pragma once

#include <string>

#include "web/http.h"
#include "web/target.h"
#include "web/visit.h"

namespace web {

// `target`: its path begins below /api. Fails with a Problem.
HttpAnswer api_answer(Services& services, const HttpRequest& request, const Target& target);

// The person whose session it is: the desk is asked only if this program does not know. Fails with
// a Problem if it is over.
SessionHolder holder_of_session(Services& services, const std::string& client,
                                const std::string& token);

}  // namespace web
