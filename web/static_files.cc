#include "web/static_files.h"

#include <algorithm>
#include <string>

#include "web/answer_headers.h"
#include "web/problem.h"

namespace web {

namespace {

const StaticFile* find_file(std::string_view path) {
  const auto files = static_files();
  const auto found = std::ranges::find(files, path, &StaticFile::path);
  return found == files.end() ? nullptr : &*found;
}

const StaticFile* file_for(const HttpRequest& request, std::string_view path) {
  if (const StaticFile* const file = find_file(path)) return file;
  const std::string accepted = request.header("Accept").value_or("");
  if (path != "/" && accepted.find("text/html") == std::string::npos) return nullptr;
  return find_file("/index.html");
}

}  // namespace

HttpAnswer static_answer(const HttpRequest& request, std::string_view path) {
  const StaticFile* const file = file_for(request, path);
  if (file == nullptr) throw Problem(ProblemKind::kNoSuchPage);
  if (request.method != "GET" && request.method != "HEAD") throw Problem(ProblemKind::kMethod);
  HttpAnswer answer{.headers = {{"ETag", std::string(file->etag)}}};
  const std::string known = request.header("If-None-Match").value_or("");
  if (known.find(file->etag) != std::string::npos) {
    answer.status = 304;
  } else {
    set_header(answer, "Content-Type", std::string(file->type));
    answer.body = file->content;
  }
  protect(answer, AnswerKind::kPage);
  return answer;
}

}  // namespace web
