#include "store/search_index/plain_addresses.h"

#include <algorithm>
#include <utility>

namespace store {

namespace {

constexpr std::size_t kMaxLength = 1'024;  // of a whole list: a longer one may have to be cut

constexpr bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// For names without quotes.
constexpr bool is_in_phrase(char c) {
  return is_letter_or_digit(c) ||
         std::string_view("!#$%&'*+-/^_`{|}~").find(c) != std::string_view::npos;
}

constexpr bool is_in_address(char c) {
  return is_letter_or_digit(c) || c == '-' || c == '_' || c == '+' || c == '.';
}

constexpr bool is_white(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

// Consumes one address, or one name with its address, from the front of a list.
class Parser {
 public:
  explicit Parser(std::string_view raw) : rest_(raw) {}

  std::optional<std::string> list() {
    std::string text;
    while (true) {
      if (!one(text)) return std::nullopt;
      skip_blanks();
      if (rest_.empty()) return text;
      if (!take(',')) return std::nullopt;
      text += ", ";
    }
  }

 private:
  bool one(std::string& text) {
    skip_blanks();
    if (rest_.starts_with('"')) return quoted_name(text) && bracketed(text);
    const std::size_t end = rest_.find_first_of("<,");
    const bool is_named = end != std::string_view::npos && rest_[end] == '<';
    return is_named ? (end == 0 || phrase(text, end)) && bracketed(text) : address(text);
  }

  bool quoted_name(std::string& text) {
    const std::size_t end = rest_.find('"', 1);
    if (end == std::string_view::npos) return false;
    const std::string_view name = rest_.substr(1, end - 1);
    const bool is_plain = std::ranges::all_of(name, [](char c) {
      return is_in_phrase(c) || c == ' ' || c == '.' || c == ',' || c == '@';
    });
    rest_.remove_prefix(end + 1);
    return is_plain && !name.empty() && words(text, name);
  }

  bool phrase(std::string& text, std::size_t end) {
    const std::string_view name = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return std::ranges::all_of(name, [](char c) { return is_in_phrase(c) || is_white(c); }) &&
           words(text, name);
  }

  // Separates them by one blank. No word may look encoded.
  static bool words(std::string& text, std::string_view name) {
    if (name.starts_with(' ') || name.find("=?") != std::string_view::npos) return false;
    bool blank = false;
    for (const char c : name) {
      if (is_white(c)) {
        blank = true;
        continue;
      }
      if (std::exchange(blank, false)) text += ' ';
      text += c;
    }
    return true;
  }

  bool bracketed(std::string& text) {
    skip_blanks();
    if (!take('<')) return false;
    const bool has_name = !text.empty() && !text.ends_with(", ");
    if (has_name) text += " <";
    if (!address(text) || !take('>')) return false;
    if (has_name) text += '>';
    return true;
  }

  bool address(std::string& text) {
    const auto last = std::ranges::find_if_not(rest_, is_in_address);
    const std::size_t local = static_cast<std::size_t>(last - rest_.begin());
    if (!labels(text, local) || !take('@')) return false;
    text += '@';
    const auto end = std::ranges::find_if_not(rest_, is_in_address);
    return labels(text, static_cast<std::size_t>(end - rest_.begin()));
  }

  // Separated by single dots.
  bool labels(std::string& text, std::size_t length) {
    const std::string_view labels = rest_.substr(0, length);
    rest_.remove_prefix(length);
    if (labels.empty() || labels.starts_with('.') || labels.ends_with('.') ||
        labels.find("..") != std::string_view::npos) {
      return false;
    }
    text += labels;
    return true;
  }

  bool take(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void skip_blanks() {
    while (!rest_.empty() && is_white(rest_.front())) rest_.remove_prefix(1);
  }

  std::string_view rest_;
};

}  // namespace

std::optional<std::string> plain_addresses(std::string_view raw) {
  if (raw.size() > kMaxLength) return std::nullopt;
  return Parser(raw).list();
}

}  // namespace store
