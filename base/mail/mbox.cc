#include "base/mail/mbox.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <date/date.h>

#include "base/ascii.h"

namespace base {

namespace {

constexpr std::string_view kSeparator = "From ";
constexpr std::array<std::string_view, 3> kStatusFields = {"Status", "X-Status", "X-Keywords"};
// Bytes that show the kind of a line: the longest name of a status field, and its colon.
constexpr std::size_t kMaxHeld = 11;

bool has_flag(const std::vector<std::string>& flags, std::string_view flag) {
  return std::ranges::find(flags, flag) != flags.end();
}

std::string status_fields(const std::vector<std::string>& flags) {
  std::string text = has_flag(flags, "\\Seen") ? "Status: RO\n" : "Status: O\n";
  std::string extended;
  for (const auto& [flag, letter] : {std::pair{"\\Answered", 'A'}, std::pair{"\\Flagged", 'F'},
                                     std::pair{"\\Draft", 'T'}, std::pair{"\\Deleted", 'D'}}) {
    if (has_flag(flags, flag)) extended += letter;
  }
  if (!extended.empty()) text += "X-Status: " + extended + "\n";
  std::string keywords;
  for (const std::string& keyword : writable_keywords(flags)) keywords += " " + keyword;
  if (!keywords.empty()) text += "X-Keywords:" + keywords + "\n";
  return text;
}

bool is_status_field(std::string_view line) {
  return std::ranges::any_of(kStatusFields, [&](std::string_view name) {
    return line.size() > name.size() && line[name.size()] == ':' &&
           equal_ignoring_case(line.substr(0, name.size()), name);
  });
}

}  // namespace

std::vector<std::string> writable_keywords(const std::vector<std::string>& flags) {
  std::vector<std::string> keywords;
  std::ranges::copy_if(flags, std::back_inserter(keywords), [](const std::string& flag) {
    return !flag.starts_with('\\') && std::ranges::none_of(flag, [](unsigned char byte) {
      return byte <= 0x20 || byte == 0x7F;
    });
  });
  return keywords;
}

MboxMessage::MboxMessage(std::chrono::sys_seconds date, const std::vector<std::string>& flags)
    : before_("From MAILER-DAEMON " + date::format("%a %b %e %H:%M:%S %Y", date) + "\n"),
      status_fields_(status_fields(flags)) {}

std::string MboxMessage::add(std::string_view bytes) {
  std::string text = std::exchange(before_, {});
  text.reserve(text.size() + bytes.size() + bytes.size() / 64);
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    take(text, bytes.substr(0, end));
    if (end == bytes.size()) break;
    end_line(text);
    bytes.remove_prefix(end + 1);
  }
  return text;
}

std::string MboxMessage::finish() {
  std::string text = std::exchange(before_, {});
  if (is_inside_line_ || !held_.empty()) end_line(text);
  text += std::exchange(status_fields_, {});  // of a message without a line
  return text + "\n";
}

void MboxMessage::take(std::string& text, std::string_view piece) {
  if (is_inside_line_) {
    write(text, piece);
    return;
  }
  held_ += piece;
  const std::size_t quotes = std::min(held_.find_first_not_of('>'), held_.size());
  if (held_.size() - quotes >= kMaxHeld) begin_line(text);
  // A long row of them need not be held: one more may come behind them as well as before.
  if (!is_inside_line_ && quotes > kMaxHeld) {
    text += std::exchange(status_fields_, {});
    if (part_ == Part::kStart) part_ = Part::kHeader;
    const std::size_t written = quotes - 1;
    write(text, std::string_view(held_).substr(0, written));
    held_.erase(0, written);
  }
}

void MboxMessage::begin_line(std::string& text) {
  const std::string line = std::exchange(held_, {});
  is_inside_line_ = true;
  // A message that was once in an mbox file begins with its separator: inside the header it would
  // end the header for a reader.
  if (part_ == Part::kStart && line.starts_with(kSeparator)) {
    text += "X-From-Line: ";
    write(text, line);
    return;
  }
  text += std::exchange(status_fields_, {});
  if (part_ == Part::kStart) part_ = Part::kHeader;
  // A reader would believe the first or the last of two.
  if (part_ == Part::kHeader && is_status_field(line)) text += "X-Original-";
  const std::size_t quotes = std::min(line.find_first_not_of('>'), line.size());
  if (std::string_view(line).substr(quotes).starts_with(kSeparator)) text += '>';
  write(text, line);
}

void MboxMessage::end_line(std::string& text) {
  if (!is_inside_line_) begin_line(text);
  holds_return_ = false;
  text += '\n';
  if (part_ == Part::kStart) {
    text += std::exchange(status_fields_, {});
    part_ = Part::kHeader;
  } else if (is_empty_line_) {
    part_ = Part::kBody;
  }
  is_inside_line_ = false;
  is_empty_line_ = true;
}

void MboxMessage::write(std::string& text, std::string_view piece) {
  if (piece.empty()) return;
  if (holds_return_) {
    text += '\r';
    is_empty_line_ = false;
  }
  holds_return_ = piece.ends_with('\r');
  if (holds_return_) piece.remove_suffix(1);
  if (!piece.empty()) is_empty_line_ = false;
  text += piece;
}

}  // namespace base
