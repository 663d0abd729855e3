#include "base/glob.h"

#include <cstddef>

#include "base/utf8.h"

namespace base {

namespace {

std::size_t character_length(std::string_view text) {
  const auto next = first_code_point(text);
  return next ? next->length : 1;
}

constexpr std::string_view kStar = "%2A";
constexpr std::string_view kQuestionMark = "%3F";

// Returns true if `glob` starts with the escape of the first character of `name`.
bool is_escape_of(std::string_view glob, std::string_view name) {
  return (name.front() == '*' && glob.starts_with(kStar)) ||
         (name.front() == '?' && glob.starts_with(kQuestionMark));
}

}  // namespace

bool glob_matches(std::string_view glob, std::string_view name) {
  std::size_t in_glob = 0;
  std::size_t in_name = 0;
  std::size_t after_star = std::string_view::npos;
  std::size_t star_covers_to = 0;
  while (in_name < name.size()) {
    if (in_glob < glob.size() && glob[in_glob] == '*') {
      after_star = ++in_glob;
      star_covers_to = in_name;
    } else if (in_glob < glob.size() && glob[in_glob] == '?' && name[in_name] != '/') {
      ++in_glob;
      in_name += character_length(name.substr(in_name));
    } else if (in_glob < glob.size() && is_escape_of(glob.substr(in_glob), name.substr(in_name))) {
      in_glob += kStar.size();
      ++in_name;
    } else if (in_glob < glob.size() && glob[in_glob] != '?' && glob[in_glob] == name[in_name]) {
      ++in_glob;
      ++in_name;
    } else if (after_star != std::string_view::npos) {
      // Only the last star needs to be retried: an earlier one could do no better.
      star_covers_to += character_length(name.substr(star_covers_to));
      in_glob = after_star;
      in_name = star_covers_to;
    } else {
      return false;
    }
  }
  while (in_glob < glob.size() && glob[in_glob] == '*') ++in_glob;
  return in_glob == glob.size();
}

std::string glob_for(std::string_view name) {
  std::string glob;
  for (const char byte : name) {
    if (byte == '*') {
      glob += kStar;
    } else if (byte == '?') {
      glob += kQuestionMark;
    } else {
      glob += byte;
    }
  }
  return glob;
}

}  // namespace base
