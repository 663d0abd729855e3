#include "web/target.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/utf8.h"

namespace web {

namespace {

constexpr std::size_t kMaxParts = 32;  // segments, and parameters

bool is_clean(std::string_view text) {
  if (!base::is_utf8(text)) return false;
  return std::ranges::none_of(text, [](char letter) {
    const auto value = static_cast<unsigned char>(letter);
    return value < 0x20 || value == 0x7f;
  });
}

enum class Plus { kItself, kBlank };

// NUL and line ends may be in a query: a folder's name may hold anything, and the desk refuses what
// no folder can have.
std::optional<std::string> decoded(std::string_view text, Plus plus) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+' && plus == Plus::kBlank) {
      result += ' ';
    } else if (text[at] != '%') {
      result += text[at];
    } else {
      const auto byte = base::from_hex(text.substr(at + 1, 2));
      if (!byte || byte->size() != 1) return std::nullopt;
      result += static_cast<char>(byte->front());
      at += 2;
    }
  }
  return result;
}

// An encoded backslash is one of an account's name, DOMAIN\\alice: no segment becomes a path of
// files.
bool parse_path(std::string_view text, std::vector<std::string>& path) {
  if (!text.starts_with('/') || text.find('\\') != std::string_view::npos) return false;
  text.remove_prefix(1);
  while (!text.empty()) {
    const std::size_t slash = text.find('/');
    const std::string_view segment = text.substr(0, slash);
    const auto plain = decoded(segment, Plus::kItself);
    if (!plain || plain->empty() || *plain == "." || *plain == ".." || !is_clean(*plain) ||
        path.size() == kMaxParts) {
      return false;
    }
    path.push_back(*plain);
    text.remove_prefix(slash == std::string_view::npos ? text.size() : slash + 1);
  }
  return true;
}

bool parse_query(std::string_view text, std::vector<std::pair<std::string, std::string>>& query) {
  while (!text.empty()) {
    const std::size_t end = text.find('&');
    const std::string_view parameter = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::size_t equals = parameter.find('=');
    const auto name = decoded(parameter.substr(0, equals), Plus::kBlank);
    const auto value =
        equals == std::string_view::npos ? "" : decoded(parameter.substr(equals + 1), Plus::kBlank);
    if (!name || !value || name->empty() || !is_clean(*name) || !base::is_utf8(*value) ||
        query.size() == kMaxParts) {
      return false;
    }
    const auto same = [&](const auto& known) { return known.first == *name; };
    if (std::ranges::any_of(query, same)) return false;
    query.emplace_back(*name, *value);
  }
  return true;
}

}  // namespace

std::optional<Target> parse_target(std::string_view text) {
  if (text.size() > kMaxTarget || !is_clean(text)) return std::nullopt;
  const std::size_t mark = text.find('?');
  Target target;
  if (!parse_path(text.substr(0, mark), target.path)) return std::nullopt;
  if (mark != std::string_view::npos && !parse_query(text.substr(mark + 1), target.query)) {
    return std::nullopt;
  }
  return target;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string result;
  for (const char letter : text) {
    if (kPlain.find(letter) != std::string_view::npos) {
      result += letter;
    } else {
      result += '%' + base::to_hex(base::as_bytes(std::string_view(&letter, 1)));
    }
  }
  return result;
}

}  // namespace web
