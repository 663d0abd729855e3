#include "base/terminal.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/utf8.h"

namespace base {

namespace {

bool are_tables_whole = false;

// `text` within `width` columns; the last character is "…" if something was cut.
std::string cut(const std::string& text, std::size_t width) {
  if (display_width(text) <= width) return text;
  std::size_t end = 0;
  std::size_t columns = 1;  // of the mark
  while (const auto next = first_code_point(std::string_view(text).substr(end))) {
    columns += display_width(next->value);
    if (columns > width) break;
    end += next->length;
  }
  return text.substr(0, end) + "…";
}

constexpr std::size_t kMinCut = 10;  // the width that a column keeps

// Columns [begin, end) that share a line; each row takes a line for each of these.
struct LineOfColumns {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t indent = 0;
};

// One line if the columns fit into `room` (0: unlimited) once they are cut, otherwise as few as
// possible: what is never cut must not be broken by the terminal.
std::vector<LineOfColumns> arrange(const std::vector<std::size_t>& widths,
                                   const std::vector<Column>& columns, std::size_t room) {
  constexpr std::size_t kIndent = 4;
  std::vector<LineOfColumns> lines = {{}};
  std::size_t total = 0;
  for (std::size_t at = 0; at < columns.size(); ++at) {
    const std::size_t width =
        columns[at].width == Width::kCut ? std::min(widths[at], kMinCut) : widths[at];
    const bool is_first = lines.back().begin == at;
    if (room > 0 && !is_first && total + 2 + width > room) {
      lines.push_back({.begin = at, .end = at, .indent = kIndent});
      total = kIndent + width;
    } else {
      total += (is_first ? 0 : 2) + width;
    }
    lines.back().end = at + 1;
  }
  return lines;
}

// Narrows the columns of a line that may be cut, the widest first, until it fits.
void narrow(std::vector<std::size_t>& widths, const std::vector<Column>& columns,
            const LineOfColumns& line, std::size_t room) {
  std::size_t total = line.indent + 2 * (line.end - line.begin - 1);
  for (std::size_t at = line.begin; at < line.end; ++at) total += widths[at];
  while (total > room) {
    std::size_t* widest = nullptr;
    for (std::size_t at = line.begin; at < line.end; ++at) {
      const bool may_be_cut = columns[at].width == Width::kCut && widths[at] > kMinCut;
      if (may_be_cut && (widest == nullptr || widths[at] > *widest)) widest = &widths[at];
    }
    if (widest == nullptr) return;
    --*widest;
    --total;
  }
}

std::string format_line(const std::vector<std::string>& cells, const LineOfColumns& line,
                        const std::vector<std::size_t>& widths,
                        const std::vector<Column>& columns) {
  const bool is_blank = std::all_of(cells.begin() + static_cast<std::ptrdiff_t>(line.begin),
                                    cells.begin() + static_cast<std::ptrdiff_t>(line.end),
                                    [](const std::string& cell) { return cell.empty(); });
  if (is_blank && line.begin > 0) return "";
  std::string text(line.indent, ' ');
  for (std::size_t at = line.begin; at < line.end; ++at) {
    const std::string padding(widths[at] - display_width(cells[at]), ' ');
    const bool is_last = at + 1 == line.end;
    if (columns[at].align == Align::kRight) {
      text += padding + cells[at];
    } else {
      text += is_last ? cells[at] : cells[at] + padding;
    }
    if (!is_last) text += "  ";
  }
  return text + '\n';
}

}  // namespace

TableRoom output_room() {
  winsize size{};
  if (are_tables_whole) return {};
  if (::isatty(STDOUT_FILENO) == 0 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
    return {.table = 0, .cell = kMaxCell};
  }
  return {.table = size.ws_col, .cell = 0};
}

void show_whole_tables() {
  are_tables_whole = true;
}

std::string escape_for_terminal(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (;;) {
    // Nearly all text is ASCII, which needs no decoding.
    const auto* const other =
        std::ranges::find_if(text, [](char byte) { return byte < ' ' || byte > '~'; });
    escaped.append(text.begin(), other);
    text.remove_prefix(static_cast<std::size_t>(other - text.begin()));
    if (text.empty()) return escaped;
    const auto next = first_code_point(text);
    const std::size_t length = next ? next->length : 1;
    if (next && !is_control(next->value)) {
      escaped.append(text.substr(0, length));
    } else {
      for (const char byte : text.substr(0, length)) {
        escaped += fmt::format("\\x{:02X}", static_cast<unsigned char>(byte));
      }
    }
    text.remove_prefix(length);
  }
}

std::string format_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<std::string>>& rows, TableRoom room) {
  if (rows.empty()) return "";
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : columns) lines.front().push_back(column.title);
  for (const auto& row : rows) {
    auto& line = lines.emplace_back();
    for (const std::string& cell : row) line.push_back(escape_for_terminal(cell));
  }

  std::vector<std::size_t> widths(columns.size(), 0);
  for (const auto& line : lines) {
    for (std::size_t at = 0; at < line.size(); ++at) {
      widths[at] = std::max(widths[at], display_width(line[at]));
    }
  }

  for (std::size_t at = 0; room.cell > 0 && at < columns.size(); ++at) {
    if (columns[at].width == Width::kCut) widths[at] = std::min(widths[at], room.cell);
  }
  const std::vector<LineOfColumns> arranged = arrange(widths, columns, room.table);
  for (const LineOfColumns& line : arranged) {
    if (room.table > 0) narrow(widths, columns, line, room.table);
  }
  std::string table;
  for (auto& cells : lines) {
    for (std::size_t at = 0; at < cells.size(); ++at) cells[at] = cut(cells[at], widths[at]);
    for (const LineOfColumns& line : arranged) table += format_line(cells, line, widths, columns);
  }
  return table;
}

std::string format_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string format_count(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", format_count(count), noun, count == 1 ? "" : "s");
}

std::string format_size(std::uint64_t bytes) {
  static constexpr std::array kUnits = {"kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace base
