// Any bytes as a request to the page: answered with the fields that protect it, and never a 200 for
// a change that our own page did not send. The desk behind it is away.
#include <string>
#include <string_view>

#include "tests/fuzz/fuzzer.h"
#include "web/settings.h"
#include "web/site.h"

namespace {

using fuzz::require;

// The first line is method and target, then header fields, an empty line, and the body.
web::HttpRequest request_of(std::string_view bytes) {
  const auto take = [&](char end) {
    const std::size_t at = bytes.find(end);
    const std::string_view text = bytes.substr(0, at);
    bytes.remove_prefix(at == std::string_view::npos ? bytes.size() : at + 1);
    return std::string(text);
  };
  web::HttpRequest request;
  request.method = take(' ');
  request.target = take('\n');
  for (std::string line = take('\n'); !line.empty(); line = take('\n')) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  request.body = bytes;
  request.headers.emplace_back("Host", "restore.example.org");
  request.headers.emplace_back("X-Real-IP", "192.0.2.7");
  return request;
}

bool has_policy(const web::HttpAnswer& answer) {
  for (const auto& [name, value] : answer.headers) {
    if (value.find_first_of("\r\n") != std::string::npos) return false;
    if (name == "Content-Security-Policy") return value.find("default-src 'none'") < value.size();
  }
  return false;
}

}  // namespace

MAILSTOW_FUZZER(web_request_fuzz) {
  static const web::Settings settings =
      web::parse_settings(R"({"desk": "/d", "url": "https://restore.example.org"})");
  static const web::DeskClient desk([] { return base::Fd(); });
  static const web::Renderer renderer("/nonexistent");
  static web::Site site(settings, desk, renderer);
  web::HttpRequest request = request_of({reinterpret_cast<const char*>(data), size});
  const bool is_read = request.method == "GET" || request.method == "HEAD";
  const web::HttpAnswer answer = site.answer(request);
  require(has_policy(answer));
  require(is_read || answer.status >= 400);
  return 0;
}
