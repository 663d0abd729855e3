// Downloads of mail: a zip file, made while it is sent.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "web/http.h"
#include "web/visit.h"

namespace web {

// Keeps the selection of the body: {"export", "url", "seconds_left"}. Fails with a Problem.
HttpAnswer prepare_export(const Visit& visit);

// `asked`: the request without the selection. Fails with a Problem; a later
// failure breaks the download off.
HttpAnswer download_export(const Visit& visit, nlohmann::ordered_json asked);

// {"state", "messages", "damaged", "bytes", "code"} (ExportProgress): how far a download of this
// session is. Fails with a Problem.
HttpAnswer show_export(const Visit& visit);

}  // namespace web
