#include "base/terminal.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/utf8.h"

namespace base {

namespace {

std::size_t width_of(std::string_view text) {
  std::size_t characters = 0;
  for (const char byte : text) {
    if ((static_cast<unsigned char>(byte) & 0xC0U) != 0x80) ++characters;
  }
  return characters;
}

// The first `width` characters of `text`; the last is "…" if there are more.
std::string cut(const std::string& text, std::size_t width) {
  if (width_of(text) <= width) return text;
  std::size_t end = 0;
  for (std::size_t characters = 0; end < text.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(text[end]) & 0xC0U) != 0x80;
    if (begins && ++characters == width) break;
  }
  return text.substr(0, end) + "…";
}

// Narrows the columns that may be cut, the widest first, until the table fits.
void narrow(std::vector<std::size_t>& widths, const std::vector<Column>& columns,
            std::size_t max_width) {
  constexpr std::size_t kMinWidth = 10;
  std::size_t total = 2 * (widths.size() - 1);
  for (const std::size_t width : widths) total += width;
  while (total > max_width) {
    std::size_t* widest = nullptr;
    for (std::size_t at = 0; at < widths.size(); ++at) {
      const bool may_be_cut = columns[at].width == Width::kCut && widths[at] > kMinWidth;
      if (may_be_cut && (widest == nullptr || widths[at] > *widest)) widest = &widths[at];
    }
    if (widest == nullptr) return;
    --*widest;
    --total;
  }
}

}  // namespace

std::size_t output_width() {
  winsize size{};
  if (::isatty(STDOUT_FILENO) == 0 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

std::string escape_for_terminal(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  while (!text.empty()) {
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
  return escaped;
}

std::string format_table(const std::vector<Column>& columns,
                         const std::vector<std::vector<std::string>>& rows, std::size_t max_width) {
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : columns) lines.front().push_back(column.title);
  for (const auto& row : rows) {
    auto& line = lines.emplace_back();
    for (const std::string& cell : row) line.push_back(escape_for_terminal(cell));
  }

  std::vector<std::size_t> widths(columns.size(), 0);
  for (const auto& line : lines) {
    for (std::size_t at = 0; at < line.size(); ++at) {
      widths[at] = std::max(widths[at], width_of(line[at]));
    }
  }

  if (max_width > 0) {
    narrow(widths, columns, max_width);
    for (auto& line : lines) {
      for (std::size_t at = 0; at < line.size(); ++at) line[at] = cut(line[at], widths[at]);
    }
  }

  std::string table;
  for (const auto& line : lines) {
    for (std::size_t at = 0; at < line.size(); ++at) {
      const std::string padding(widths[at] - width_of(line[at]), ' ');
      const bool is_last = at + 1 == line.size();
      if (columns[at].align == Align::kRight) {
        table += padding + line[at];
      } else {
        table += is_last ? line[at] : line[at] + padding;
      }
      if (!is_last) table += "  ";
    }
    table += '\n';
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
