// Listings in pages: --limit and --after.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/error.h"
#include "base/program/options.h"
#include "base/terminal.h"

namespace base {

// The part of a listing that is printed.
struct Page {
  std::size_t limit = 0;  // 0: no limit
  std::string after;      // empty: from the beginning
};

// Declares --limit and --after; `cursor` describes the value of the latter.
void declare_page(Options& declared, Page& page, const std::string& placeholder,
                  const std::string& cursor);

// For lists that are in memory: keeps the page, and returns the cursor of the next one, nullopt if
// this is the last. `cursor_of`: the unique string by which --after names an element. Fails with
// kNotFound if no element has the cursor.
template <typename Element, typename CursorOf>
std::optional<std::string> cut_to_page(std::vector<Element>& list, const Page& page,
                                       const CursorOf& cursor_of) {
  if (!page.after.empty()) {
    const auto found = std::ranges::find_if(
        list, [&](const Element& element) { return cursor_of(element) == page.after; });
    if (found == list.end()) {
      fail(ErrorCode::kNotFound, "--after {}: the list has no such entry",
           escape_for_terminal(page.after));
    }
    list.erase(list.begin(), found + 1);
  }
  if (page.limit == 0 || list.size() <= page.limit) return std::nullopt;
  list.erase(list.begin() + static_cast<std::ptrdiff_t>(page.limit), list.end());
  return cursor_of(list.back());
}

// The cursor of the next page as the field "next", null if there is no next page.
nlohmann::ordered_json next_in_json(const std::optional<std::string>& next);

// The same as the line below a table, whose option can be pasted into a shell; "" if there is no
// next page.
std::string next_page_text(const std::optional<std::string>& next);

}  // namespace base
