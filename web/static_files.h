// The page's own files, embedded in the program: web/pages/ as of the build.
#pragma once

#include <span>
#include <string_view>

#include "web/http.h"

namespace web {

struct StaticFile {
  std::string_view path;  // "/app.js"
  std::string_view type;  // of its content: "text/javascript; charset=utf-8"
  std::string_view etag;  // with its quotation marks
  std::string_view content;
};

std::span<const StaticFile> static_files();

// The file of this path, which is compared and never opened. A path that is no file, asked for by a
// browser that wants a document, is a view of the page: index.html. Fails with a Problem.
HttpAnswer static_answer(const HttpRequest& request, std::string_view path);

}  // namespace web
