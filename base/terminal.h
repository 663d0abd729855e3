// Text for people: escaped, aligned.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace base {

// `text` with control characters, DEL and bytes that are not UTF-8 as \xXX, so that what a server
// or a user sent can't move the cursor or forge a line.
std::string escape_for_terminal(std::string_view text);

enum class Align { kLeft, kRight };

enum class Width {
  kWhole,
  kCut,  // may be cut where the table is wider than the terminal
};

struct Column {
  std::string title;
  Align align = Align::kLeft;
  Width width = Width::kWhole;
};

// Columns of the terminal that stdout is; 0 if it is none.
std::size_t output_width();

// Columns as wide as their widest cell (in characters of UTF-8), two spaces between; every cell is
// escaped. The last column is not padded. With a `widest` above 0, the columns that may be cut
// share what the others leave of it, each at least 10 characters; "…" shows where something was
// cut.
std::string format_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<std::string>>& rows, std::size_t widest = 0);

// "1,204"
std::string format_count(std::uint64_t count);

// "43.2 MB": decimal units, as disks have them.
std::string format_size(std::uint64_t bytes);

}  // namespace base
