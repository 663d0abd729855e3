#include "imap/response_words.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace imap {

std::vector<std::string> read_list(Lexer& lexer) {
  std::vector<std::string> words;
  lexer.open();
  for (;;) {
    lexer.skip_spaces();
    if (lexer.take_close()) return words;
    words.push_back(lexer.string());
  }
}

std::vector<std::string> read_words(Lexer& lexer) {
  std::vector<std::string> words;
  for (;;) {
    lexer.skip_spaces();
    if (lexer.at_end_of_line()) return words;
    if (lexer.peek() == '(') {
      lexer.skip_value();
    } else if (!lexer.take_if(')')) {
      words.push_back(lexer.string());
    }
  }
}

namespace {

base::Uid read_uid(Lexer& lexer) {
  const std::optional<std::uint64_t> number = lexer.digits();
  if (!number || *number == 0 || *number > kMaxUid.value) {
    lexer.fail_protocol("a number that is not a UID");
  }
  return base::Uid{static_cast<std::uint32_t>(*number)};
}

}  // namespace

UidSet read_uid_set(Lexer& lexer) {
  std::vector<UidRange> ranges;
  do {
    const base::Uid first = read_uid(lexer);
    const base::Uid last = lexer.take_if(':') ? read_uid(lexer) : first;
    ranges.push_back({first, last});
  } while (lexer.take_if(','));
  if (lexer.peek() != ' ' && !lexer.at_end_of_line()) lexer.fail_protocol("an odd end of a set");
  return UidSet(std::move(ranges));
}

std::optional<std::uint32_t> read_number(Lexer& lexer) {
  const std::optional<std::uint64_t> number = lexer.number();
  if (!number || *number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::optional<std::uint32_t> read_nz_number(Lexer& lexer) {
  const std::optional<std::uint32_t> number = read_number(lexer);
  return number == 0U ? std::nullopt : number;
}

std::vector<std::string> split_at_spaces(std::string_view words) {
  std::vector<std::string> split;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (end > 0) split.emplace_back(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return split;
}

void skip_rest(Lexer& lexer) {
  for (;;) {
    lexer.skip_spaces();
    if (lexer.at_end_of_line()) return lexer.end_line();
    lexer.skip_value();
  }
}

}  // namespace imap
