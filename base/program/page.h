// Listings in pages: --limit and --after.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
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

// Makes the cursors unique, so that pages come to an end: of equal ones, the second and further get
// a number.
void number_equal_cursors(std::vector<std::string>& cursors);

// For lists that are in memory: keeps the page, and returns the cursor of the next one, nullopt if
// this is the last. `cursor_of`: the string by which --after names an element; a few may have the
// same, such as folders that are shown alike. Fails with kNotFound if no element has the cursor.
template <typename Element, typename CursorOf>
std::optional<std::string> cut_to_page(std::vector<Element>& list, const Page& page,
                                       const CursorOf& cursor_of) {
  if (page.after.empty() && (page.limit == 0 || list.size() <= page.limit)) return std::nullopt;
  std::vector<std::string> cursors;
  cursors.reserve(list.size());
  for (const Element& element : list) cursors.push_back(cursor_of(element));
  number_equal_cursors(cursors);
  std::size_t begin = 0;
  if (!page.after.empty()) {
    const auto found = std::ranges::find(cursors, page.after);
    if (found == cursors.end()) {
      fail(ErrorCode::kNotFound, "--after {}: the list has no such entry",
           escape_for_terminal(page.after));
    }
    begin = static_cast<std::size_t>(found - cursors.begin()) + 1;
  }
  const std::size_t rest = list.size() - begin;
  const bool is_last = page.limit == 0 || rest <= page.limit;
  const std::size_t end = is_last ? list.size() : begin + page.limit;
  list.erase(list.begin() + static_cast<std::ptrdiff_t>(end), list.end());
  list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(begin));
  if (is_last) return std::nullopt;
  return cursors[end - 1];
}

// Printed instead of a table that has no rows: `empty`, a line, or if the page begins after an
// entry, that the list ends with it.
std::string text_without_rows(const Page& page, std::string_view empty);

// The cursor of the next page as the field "next", null if there is no next page.
nlohmann::ordered_json next_in_json(const std::optional<std::string>& next);

// The same as the line below a table, whose option can be pasted into a shell; "" if there is no
// next page.
std::string next_page_text(const std::optional<std::string>& next);

}  // namespace base
