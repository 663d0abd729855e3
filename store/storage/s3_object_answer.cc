#include "store/storage/s3_object_answer.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/ascii.h"
#include "store/storage/s3_problem.h"

namespace store {

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

namespace {

// "bytes 0-9/100"
std::optional<ContentRange> content_range(const base::HttpAnswer& answer) {
  std::string_view text = answer.header("content-range").value_or("");
  if (!text.starts_with("bytes ")) return std::nullopt;
  text.remove_prefix(6);
  const std::size_t dash = std::min(text.find('-'), text.size());
  const std::size_t slash = std::min(text.find('/', dash), text.size());
  if (slash == text.size()) return std::nullopt;
  const auto first = number_in(text.substr(0, dash));
  const auto last = number_in(text.substr(dash + 1, slash - dash - 1));
  const auto size = number_in(text.substr(slash + 1));
  if (!first || !last || !size || *first > *last || *last >= *size) return std::nullopt;
  return ContentRange{.first = *first, .last = *last, .object_size = *size};
}

// An answer about an object has its ETag. Most pages of proxies have none.
void require_etag(const S3Request& request, const base::HttpAnswer& answer) {
  if (!answer.header("etag")) fail_as_strange(request.operation, "it has no ETag");
}

}  // namespace

void require_object(const S3Request& request, const base::HttpAnswer& answer) {
  require_etag(request, answer);
  const std::string type = base::lowered(answer.header("content-type").value_or(""));
  if (type.starts_with("text/html")) fail_as_strange(request.operation, "it is a page");
}

void require_length(const S3Request& request, const base::HttpAnswer& answer) {
  if (answer.header("content-length") || answer.header("transfer-encoding")) return;
  fail_as_strange(request.operation, "it does not say how long it is");
}

// Some object storage calls its empty answers pages.
void require_written(const S3Request& request, const base::HttpAnswer& answer) {
  require_etag(request, answer);
  if (!answer.body.empty()) fail_as_strange(request.operation, "it is not empty");
}

void fail_as_another_range(const S3Request& request) {
  fail_as_strange(request.operation, "it has another range than the one that was requested");
}

ContentRange require_range(const S3Request& request, const base::HttpAnswer& answer) {
  const std::optional<ContentRange> range = content_range(answer);
  if (!range || answer.is_cut || range->last - range->first + 1 != answer.body.size()) {
    fail_as_another_range(request);
  }
  return *range;
}

}  // namespace store
