// A job as server-sent events, until it has ended.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "web/http.h"
#include "web/visit.h"

namespace web {

// `asked`: the request about the job. Fails with a Problem if the desk refuses it now; a refusal
// later is an event.
HttpAnswer job_events(const Visit& visit, const nlohmann::ordered_json& asked);

// Streams of events end soon, so that the program can end.
void end_all_events();

}  // namespace web
