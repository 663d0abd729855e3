#include "base/program/page.h"

#include <nlohmann/json.hpp>

namespace base {

void declare_page(Options& declared, Page& page, const std::string& placeholder,
                  const std::string& cursor) {
  declared.value("--limit", page.limit, "N", "Show at most N");
  declared.value("--after", page.after, placeholder, cursor);
}

nlohmann::ordered_json next_in_json(const std::optional<std::string>& next) {
  return next ? nlohmann::ordered_json(*next) : nlohmann::ordered_json();
}

}  // namespace base
