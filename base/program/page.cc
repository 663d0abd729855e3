#include "base/program/page.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/shell_quote.h"

namespace base {

void declare_page(Options& declared, Page& page, const std::string& placeholder,
                  const std::string& cursor) {
  declared.value("--limit", page.limit, "N", "Show at most N");
  declared.value("--after", page.after, placeholder, cursor);
}

nlohmann::ordered_json next_in_json(const std::optional<std::string>& next) {
  return next ? nlohmann::ordered_json(*next) : nlohmann::ordered_json();
}

std::string next_page_text(const std::optional<std::string>& next) {
  if (!next) return "";
  return fmt::format("There are more: --after={} shows them.\n", shell_quoted(*next));
}

}  // namespace base
