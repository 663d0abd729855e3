#include "restore/id_text.h"

#include "store/format/object_id.h"

namespace restore {

bool begins_an_id(const std::string& text) {
  return text.size() >= kFewestDigits && text.size() <= 2 * store::ObjectId::kSize &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string shown_id(const std::string& hex) {
  constexpr std::size_t kShownDigits = 16;
  return hex.substr(0, kShownDigits);
}

}  // namespace restore
