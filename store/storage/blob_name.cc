#include "store/storage/blob_name.h"

#include <algorithm>

#include "base/error.h"
#include "base/terminal.h"

namespace store {

namespace {

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_name_part(std::string_view text, std::size_t max_size) {
  return !text.empty() && text.size() <= max_size && is_lower_or_digit(text.front()) &&
         is_lower_or_digit(text.back()) && std::ranges::all_of(text, [](char c) {
           return is_lower_or_digit(c) || c == '.' || c == '-';
         });
}

}  // namespace

BlobName::BlobName(std::string_view area, std::string_view key) : area_(area), key_(key) {
  require_area(area);
  if (is_key(key)) return;
  base::fail(base::ErrorCode::kInternal, "name a blob: {} is not a key",
             base::escape_for_terminal(key));
}

void BlobName::require_area(std::string_view area) {
  if (is_name_part(area, kMaxArea)) return;
  base::fail(base::ErrorCode::kInternal, "name a blob: {} is not an area",
             base::escape_for_terminal(area));
}

bool BlobName::is_key(std::string_view text) {
  return is_name_part(text, kMaxKey);
}

}  // namespace store
