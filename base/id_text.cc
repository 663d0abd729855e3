#include "base/id_text.h"

namespace base {

bool begins_an_id(const std::string& text) {
  return text.size() >= kMinIdDigits && text.size() <= kIdDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string shown_id(const std::string& hex) {
  constexpr std::size_t kShownDigits = 16;
  return hex.substr(0, kShownDigits);
}

}  // namespace base
