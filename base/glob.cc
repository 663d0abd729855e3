#include "base/glob.h"

#include <algorithm>
#include <cstddef>

#include "base/ascii.h"
#include "base/utf8.h"

namespace base {

namespace {

constexpr std::string_view kEscapedStar = "%2A";
constexpr std::string_view kEscapedQuestionMark = "%3F";

// A part of a glob: a wildcard, or a character that matches itself.
struct Token {
  enum class Kind { kStar, kQuestionMark, kCharacter };

  Kind kind;
  std::string character;
};

// Returns the bytes of the first character of `text` and of the marks behind it, which people see
// as one. A mark at the beginning of a level, or behind a byte that is not UTF-8, stands alone.
std::size_t character_length(std::string_view text) {
  const auto letter = first_code_point(text);
  if (!letter) return 1;
  std::size_t length = letter->length;
  while (text.front() != '/' && length < text.size() &&
         static_cast<unsigned char>(text[length]) >= 0x80) {
    const auto next = first_code_point(text.substr(length));
    if (!next || !is_mark(next->value)) break;
    length += next->length;
  }
  return length;
}

std::string form_of_utf8(std::string_view text, Likeness likeness) {
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

// Bytes that are not UTF-8 stay as they are: different ones must not match each other.
std::string form_of(std::string_view text, Likeness likeness) {
  std::string form;
  for (;;) {
    std::size_t valid = 0;
    while (const auto next = first_code_point(text.substr(valid))) valid += next->length;
    form += form_of_utf8(text.substr(0, valid), likeness);
    if (valid == text.size()) return form;
    form += text[valid];
    text.remove_prefix(valid + 1);
  }
}

// Returns the text that a part of a glob without wildcards matches.
std::string literal_of(std::string_view part) {
  std::string literal;
  while (!part.empty()) {
    if (part.starts_with(kEscapedStar) || part.starts_with(kEscapedQuestionMark)) {
      literal += part.starts_with(kEscapedStar) ? '*' : '?';
      part.remove_prefix(kEscapedStar.size());
    } else {
      literal += part.front();
      part.remove_prefix(1);
    }
  }
  return literal;
}

// Only what is a wildcard before folding is one: folding turns the wide star of East Asia into "*".
std::vector<Token> tokens_of(std::string_view glob, Likeness likeness) {
  std::vector<Token> tokens;
  tokens.reserve(glob.size());
  while (!glob.empty()) {
    const std::size_t end = std::min(glob.find_first_of("*?"), glob.size());
    const std::string form = form_of(literal_of(glob.substr(0, end)), likeness);
    for (std::string_view rest = form; !rest.empty();) {
      const std::size_t length = character_length(rest);
      tokens.push_back({Token::Kind::kCharacter, std::string(rest.substr(0, length))});
      rest.remove_prefix(length);
    }
    if (end == glob.size()) break;
    tokens.push_back({glob[end] == '*' ? Token::Kind::kStar : Token::Kind::kQuestionMark, {}});
    glob.remove_prefix(end + 1);
  }
  return tokens;
}

// Returns the bytes at the beginning of `name`, which is not empty, that the token matches; 0: it
// does not match.
std::size_t matched_length(const Token& token, std::string_view name) {
  const std::size_t length = character_length(name);
  const bool matches = token.kind == Token::Kind::kQuestionMark
                           ? name.front() != '/'
                           : token.character == name.substr(0, length);
  return matches ? length : 0;
}

// Both must have the same form. Names are compared character by character, so that no wildcard ends
// between a letter and its mark.
bool tokens_match(const std::vector<Token>& tokens, std::string_view name) {
  constexpr std::size_t kNoStar = std::string_view::npos;
  std::size_t token = 0;
  std::size_t in_name = 0;
  std::size_t after_star = kNoStar;
  std::size_t star_covers_to = 0;
  const auto has_star = [&] {
    return token < tokens.size() && tokens[token].kind == Token::Kind::kStar;
  };
  while (in_name < name.size()) {
    if (has_star()) {
      after_star = ++token;
      star_covers_to = in_name;
      continue;
    }
    const std::size_t matched =
        token < tokens.size() ? matched_length(tokens[token], name.substr(in_name)) : 0;
    if (matched > 0) {
      ++token;
      in_name += matched;
    } else if (after_star != kNoStar) {
      // Only the last star needs to be retried: an earlier one could do no better.
      star_covers_to += character_length(name.substr(star_covers_to));
      token = after_star;
      in_name = star_covers_to;
    } else {
      return false;
    }
  }
  while (has_star()) ++token;
  return token == tokens.size();
}

bool matches_in_form(std::string_view glob, std::string_view name, Likeness likeness) {
  return tokens_match(tokens_of(glob, likeness), form_of(name, likeness));
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
  // A "?" stands for one character of the name as it is shown, also if folding makes two of it.
  return matches_in_form(glob, name, Likeness::kSame) ||
         (likeness != Likeness::kSame && matches_in_form(glob, name, likeness));
}

bool folder_glob_matches(std::string_view glob, std::string_view name, Likeness likeness) {
  if (glob_matches(glob, name, likeness)) return true;
  const std::string inbox_glob = with_inbox_before("/*?", glob);
  const std::string inbox_name = with_inbox(name, '/');
  const bool has_changed = inbox_glob != glob || inbox_name != name;
  return has_changed && glob_matches(inbox_glob, inbox_name, likeness);
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
      glob += kEscapedStar;
    } else if (byte == '?') {
      glob += kEscapedQuestionMark;
    } else {
      glob += byte;
    }
  }
  return glob;
}

}  // namespace base
