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

struct Column {
  std::string title;
  Align align = Align::kLeft;
};

// Columns as wide as their widest cell (in characters of UTF-8), two spaces between; every cell is
// escaped. The last column is not padded.
std::string format_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<std::string>>& rows);

// "1,204"
std::string format_count(std::uint64_t count);

// "43.2 MB": decimal units, as disks have them.
std::string format_size(std::uint64_t bytes);

}  // namespace base
