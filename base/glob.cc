#include "base/glob.h"

#include <algorithm>
#include <cstddef>

#include "base/ascii.h"
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

bool bytes_match(std::string_view glob, std::string_view name) {
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

std::string form_of(std::string_view text, Likeness likeness) {
  switch (likeness) {
    case Likeness::kSame:
      return composed(text);
    case Likeness::kCase:
      return fold_case(text);
    case Likeness::kLetters:
      return fold_letters(text);
  }
  return std::string(text);
}

// Returns the text that a part of a glob without wildcards matches.
std::string literal_of(std::string_view part) {
  std::string literal;
  while (!part.empty()) {
    if (part.starts_with(kStar) || part.starts_with(kQuestionMark)) {
      literal += part.starts_with(kStar) ? '*' : '?';
      part.remove_prefix(kStar.size());
    } else {
      literal += part.front();
      part.remove_prefix(1);
    }
  }
  return literal;
}

// Folding may turn an ordinary character into a wildcard, such as the wide star of East Asia.
std::string glob_form(std::string_view glob, Likeness likeness) {
  std::string form;
  while (!glob.empty()) {
    const std::size_t end = std::min(glob.find_first_of("*?"), glob.size());
    form += glob_for(form_of(literal_of(glob.substr(0, end)), likeness));
    form += glob.substr(end, end < glob.size() ? 1 : 0);
    glob.remove_prefix(std::min(end + 1, glob.size()));
  }
  return form;
}

// Returns the name, or glob, with INBOX in capitals if that is its first level.
std::string with_inbox_before(std::string_view may_follow, std::string_view text) {
  constexpr std::string_view kInbox = "INBOX";
  std::string result(text);
  const bool is_inbox = starts_with_ignoring_case(text, kInbox) &&
                        (text.size() == kInbox.size() ||
                         may_follow.find(text[kInbox.size()]) != std::string_view::npos);
  if (is_inbox) result.replace(0, kInbox.size(), kInbox);
  return result;
}

}  // namespace

bool glob_matches(std::string_view glob, std::string_view name, Likeness likeness) {
  return bytes_match(glob, name) || bytes_match(glob_form(glob, likeness), form_of(name, likeness));
}

bool folder_glob_matches(std::string_view glob, std::string_view name, Likeness likeness) {
  return glob_matches(glob, name, likeness) ||
         glob_matches(with_inbox_before("/*?", glob), with_inbox(name, '/'), likeness);
}

std::string with_inbox(std::string_view name, char delimiter) {
  return with_inbox_before({&delimiter, 1}, name);
}

bool is_same_folder(std::string_view left, std::string_view right, char delimiter) {
  if (left.size() != right.size()) return false;
  return left == right || with_inbox(left, delimiter) == with_inbox(right, delimiter);
}

std::optional<Likeness> strictest_likeness(
    const std::vector<std::string>& names,
    const std::function<bool(const std::string& name, Likeness likeness)>& matches) {
  for (const Likeness likeness : kLikenesses) {
    const bool has_any = std::ranges::any_of(
        names, [&](const std::string& name) { return matches(name, likeness); });
    if (has_any) return likeness;
  }
  return std::nullopt;
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
