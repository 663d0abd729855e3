#include "web/http.h"

#include <algorithm>

#include "base/ascii.h"
#include "web/problem.h"

namespace web {

std::optional<std::string> HttpRequest::header(std::string_view name) const {
  std::optional<std::string> found;
  for (const auto& [key, value] : headers) {
    if (!base::equal_ignoring_case(key, name)) continue;
    if (found) {
      throw Problem(ProblemKind::kMalformed, "a header is there twice: " + std::string(name));
    }
    found = value;
  }
  return found;
}

void set_header(HttpAnswer& answer, std::string_view name, std::string value) {
  const auto same = [&](const auto& header) {
    return base::equal_ignoring_case(header.first, name);
  };
  const auto found = std::ranges::find_if(answer.headers, same);
  if (found == answer.headers.end()) {
    answer.headers.emplace_back(name, std::move(value));
  } else {
    found->second = std::move(value);
  }
}

}  // namespace web
