// Text for people: escaped, aligned.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace base {

// `text` with control characters, DEL and bytes that are not UTF-8 escaped as \xXX, so that text
// from a server or a user can't move the cursor or forge a line.
std::string escape_for_terminal(std::string_view text);

enum class Align { kLeft, kRight };

enum class Width {
  kWhole,
  kCut,  // may be cut if the table is wider than the terminal
};

struct Column {
  std::string title;
  Align align = Align::kLeft;
  Width width = Width::kWhole;
};

// The width of the terminal on stdout in columns; 0 if stdout is not a terminal.
std::size_t output_width();

// Columns are as wide as their widest cell (in UTF-8 characters), with two spaces between them;
// every cell is escaped. The last column is not padded. If `max_width` is above 0, the columns that
// may be cut share the width that the others leave of it, each at least 10 characters; "…" marks a
// cut.
std::string format_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<std::string>>& rows,
                         std::size_t max_width = 0);

// "1,204"
std::string format_count(std::uint64_t count);

// "43.2 MB": decimal units, as on disks.
std::string format_size(std::uint64_t bytes);

}  // namespace base
