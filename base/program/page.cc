#include "base/program/page.h"

#include <unordered_map>
#include <unordered_set>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/shell_quote.h"

namespace base {

void declare_page(Options& declared, Page& page, const std::string& placeholder,
                  const std::string& cursor) {
  declared.value("--limit", page.limit, "N", "Show at most N");
  declared.value("--after", page.after, placeholder, cursor);
}

void number_equal_cursors(std::vector<std::string>& cursors) {
  std::unordered_set<std::string> taken;
  std::unordered_map<std::string, std::size_t> counts;
  for (std::string& cursor : cursors) {
    if (taken.insert(cursor).second) continue;
    const std::string repeated = cursor;
    std::size_t& count = counts.try_emplace(repeated, 1).first->second;
    do {
      cursor = fmt::format("{}~{}", repeated, ++count);
    } while (!taken.insert(cursor).second);
  }
}

std::string text_without_rows(const Page& page, std::string_view empty) {
  if (page.after.empty()) return std::string(empty);
  return fmt::format("The list ends with {}.\n", escape_for_terminal(page.after));
}

nlohmann::ordered_json next_in_json(const std::optional<std::string>& next) {
  return next ? nlohmann::ordered_json(*next) : nlohmann::ordered_json();
}

std::string next_page_text(const std::optional<std::string>& next) {
  if (!next) return "";
  return fmt::format("There are more: --after={} shows them.\n", shell_quoted(*next));
}

}  // namespace base
