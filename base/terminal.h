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
  kCut,  // its cells may be cut
};

struct Column {
  std::string title;
  Align align = Align::kLeft;
  Width width = Width::kWhole;
};

// The room for a table, in the columns of a terminal (base/utf8.h, display_width()); 0: unlimited.
struct TableRoom {
  std::size_t table = 0;  // the whole line
  std::size_t cell = 0;   // one cell
};

// The room on stdout: a table as wide as the terminal; if stdout is not a terminal, cells of
// kMaxCell columns. Unlimited after show_whole_tables().
TableRoom output_room();
inline constexpr std::size_t kMaxCell = 60;
void show_whole_tables();  // --wide

// Columns are as wide as their widest cell, with two spaces between them; every cell is escaped.
// The last column is not padded. The columns that may be cut share the width of the table that the
// others leave, each at least 10 columns; "…" marks a cut. If the table is still too wide, each row
// continues on further, indented lines. Empty without rows.
std::string format_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<std::string>>& rows, TableRoom room = {});

// "1,204"
std::string format_count(std::uint64_t count);

// "1 message", "1,204 messages": `noun` gets an s.
std::string format_count(std::uint64_t count, std::string_view noun);

// "43.2 MB": decimal units, as on disks.
std::string format_size(std::uint64_t bytes);

}  // namespace base
