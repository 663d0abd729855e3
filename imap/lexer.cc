#include "imap/lexer.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

#include "base/ascii.h"
#include "base/error.h"
#include "base/terminal.h"

namespace imap {

namespace {

using base::equal_ignoring_case;

// Large enough that the number of calls does not limit reading at wire speed.
constexpr std::size_t kMinBuffer = 256U << 10U;

// Bytes at the end of a line that can announce a literal.
constexpr std::size_t kMaxAnnouncement = 32;

// The memory of a small string beyond its bytes.
constexpr std::size_t kStringOverhead = sizeof(std::string);

bool ends_line(char next) {
  return next == '\r' || next == '\n';
}

bool ends_atom(char next) {
  return next == ' ' || next == '(' || next == ')' || ends_line(next);
}

bool is_digit(char next) {
  return next >= '0' && next <= '9';
}

std::optional<std::uint64_t> parse_number(std::string_view word) {
  std::uint64_t number = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

// The size of the literal that a line announces at its end; nullopt: it does not announce one.
std::optional<std::uint64_t> announced_literal(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!line.ends_with('}')) return std::nullopt;
  line.remove_suffix(1);
  if (line.ends_with('+') || line.ends_with('-')) line.remove_suffix(1);  // RFC 7888
  const std::size_t open = line.rfind('{');
  if (open == std::string_view::npos) return std::nullopt;
  return parse_number(line.substr(open + 1));
}

}  // namespace

Lexer::Lexer(Source& source, const Limits& limits)
    : source_(source), limits_(limits), capacity_(std::max(kMinBuffer, limits.max_token + 2)) {
  buffer_ = std::make_unique_for_overwrite<char[]>(capacity_);
}

void Lexer::begin_answer() {
  line_ = literal_end_ = items_ = kept_ = depth_ = 0;
  unread_literal_ = 0;
  start_ = begin_;
  head_.clear();
  tail_.clear();
}

base::Bytes Lexer::take_unread() {
  const base::ByteView unread =
      base::as_bytes(std::string_view(buffer_.get() + begin_, end_ - begin_));
  begin_ = end_ = start_ = 0;
  return {unread.begin(), unread.end()};
}

// Before what was consumed leaves the buffer.
void Lexer::keep_consumed() {
  const std::string_view gone(buffer_.get() + start_, begin_ - start_);
  head_ += gone.substr(0, kMaxBeginning - head_.size());
  tail_ += gone.substr(gone.size() - std::min(gone.size(), kMaxAnnouncement));
  tail_.erase(0, tail_.size() - std::min(tail_.size(), kMaxAnnouncement));
  start_ = 0;
}

void Lexer::refill() {
  if (begin_ == end_) {
    keep_consumed();
    begin_ = end_ = 0;
  } else if (end_ == capacity_) {
    keep_consumed();
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  end_ += source_.read(std::as_writable_bytes(std::span(buffer_.get() + end_, capacity_ - end_)));
}

void Lexer::advance(std::size_t length) {
  begin_ += length;
  line_ += length;
  if (line_ > limits_.max_line) fail_framing("a line too long");
}

std::string Lexer::position(std::string_view what) const {
  constexpr std::size_t kShown = 40;
  const std::string_view next(buffer_.get() + begin_, std::min(end_ - begin_, kShown));
  return fmt::format("the server sent {} before \"{}\"", what, base::escape_for_terminal(next));
}

void Lexer::fail_protocol(std::string_view what) {
  throw NotUnderstood(base::ErrorCode::kProtocol, position(what));
}

// Where the response ends is not known.
void Lexer::fail_framing(std::string_view what) {
  throw base::Error(base::ErrorCode::kProtocol, position(what));
}

void Lexer::unexpected(char expected) {
  fail_protocol(fmt::format("something other than '{}'",
                            base::escape_for_terminal(std::string_view(&expected, 1))));
}

void Lexer::count_item() {
  if (++items_ > limits_.max_items) fail_protocol("too many words in a response");
}

void Lexer::keep(std::size_t bytes) {
  kept_ += bytes + kStringOverhead;
  if (kept_ > limits_.max_kept) fail_protocol("a response too large");
}

// Consumes the bytes before the first for which `stop` is true.
template <typename Stop>
std::string_view Lexer::scan(Stop stop) {
  std::size_t length = 0;
  for (;;) {
    while (begin_ + length < end_ && !stop(buffer_[begin_ + length])) ++length;
    if (length > limits_.max_token) fail_protocol("a word too long");
    if (begin_ + length < end_) break;
    refill();
  }
  const std::string_view word(buffer_.get() + begin_, length);
  advance(length);
  return word;
}

void Lexer::end_line() {
  take_if('\r');
  expect('\n');
  line_ = literal_end_ = 0;
}

std::string_view Lexer::atom() {
  count_item();
  return scan(ends_atom);
}

std::string_view Lexer::item_name() {
  count_item();
  bool is_in_section = false;
  return scan([&is_in_section](char next) {
    if (next == '[') is_in_section = true;
    if (next == ']') is_in_section = false;
    return is_in_section ? ends_line(next) : ends_atom(next);
  });
}

std::string_view Lexer::text_until(char end) {
  count_item();
  return scan([end](char next) { return next == end || ends_line(next); });
}

std::string Lexer::text() {
  std::string text;
  for (;;) {
    const std::size_t room = limits_.max_token - text.size();
    const std::string_view held(buffer_.get() + begin_, end_ - begin_);
    const std::size_t length = std::min(held.find_first_of("\r\n"), held.size());
    text += held.substr(0, std::min(length, room));
    advance(length);
    if (length < held.size()) return text;
    refill();
  }
}

std::optional<std::uint64_t> Lexer::number() {
  return parse_number(atom());
}

std::optional<std::uint64_t> Lexer::digits() {
  count_item();
  return parse_number(scan([](char next) { return !is_digit(next); }));
}

std::string Lexer::string() {
  if (peek() == '"') return quoted();
  if (at_literal()) return kept_literal(literal_size());
  std::string word(atom());
  if (word.empty()) fail_protocol("no value");
  keep(word.size());
  return word;
}

std::optional<std::string> Lexer::nstring() {
  if (peek() == '"' || at_literal()) return string();
  std::string word = string();
  if (equal_ignoring_case(word, "NIL")) return std::nullopt;
  return word;
}

std::optional<std::string> Lexer::nstring_unless_too_long() {
  if (!at_literal()) return nstring();
  const std::uint64_t size = literal_size();
  if (size <= limits_.max_value) return kept_literal(size);
  read_literal(size, [](base::ByteView) {});
  return std::nullopt;
}

std::string Lexer::quoted() {
  count_item();
  expect('"');
  bool is_escaped = false;
  bool has_escape = false;
  const std::string_view inside = scan([&](char next) {
    if (ends_line(next)) return true;
    if (is_escaped) {
      is_escaped = false;
      return false;
    }
    is_escaped = next == '\\';
    has_escape |= is_escaped;
    return next == '"';
  });
  std::string text;
  if (!has_escape) {
    text = inside;
  } else {
    for (std::size_t at = 0; at < inside.size(); ++at) {
      if (inside[at] == '\\' && at + 1 < inside.size()) ++at;
      text += inside[at];
    }
  }
  keep(text.size());
  expect('"');
  return text;
}

bool Lexer::at_literal() {
  if (peek() == '{') return true;
  if (peek() != '~') return false;
  if (end_ - begin_ < 2) refill();
  return buffer_[begin_ + 1] == '{';
}

std::uint64_t Lexer::literal_size() {
  count_item();
  take_if('~');
  expect('{');
  const std::optional<std::uint64_t> size = digits();
  constexpr auto kMaxLiteral = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!size || *size > kMaxLiteral) fail_framing("a literal of an impossible size");
  take_if('+');
  expect('}');
  const std::size_t line = line_;
  end_line();
  line_ = literal_end_ = line;  // the line continues after the literal
  unread_literal_ = *size;
  return *size;
}

std::string Lexer::kept_literal(std::uint64_t size) {
  if (size > limits_.max_value) fail_protocol("a value too long");
  keep(static_cast<std::size_t>(size));
  std::string text;  // grows as bytes arrive, not as they are announced
  read_literal(size, [&text](base::ByteView piece) { text += base::as_text(piece); });
  return text;
}

void Lexer::open() {
  expect('(');
  if (++depth_ > limits_.max_nesting) fail_protocol("parentheses nested too deep");
}

bool Lexer::take_close() {
  if (!take_if(')')) return false;
  if (depth_ == 0) fail_protocol("a parenthesis too many");
  --depth_;
  return true;
}

void Lexer::skip_value() {
  const std::size_t outer = depth_;
  do {
    skip_spaces();
    if (peek() == '(') {
      open();
    } else if (depth_ > outer && take_close()) {
      continue;
    } else if (peek() == '"') {
      static_cast<void>(quoted());
    } else if (at_literal()) {
      read_literal(literal_size(), [](base::ByteView) {});
    } else if (atom().empty()) {
      fail_protocol("no value");
    }
  } while (depth_ > outer);
}

void Lexer::skip_line() {
  for (;;) {
    const std::string_view held(buffer_.get() + begin_, end_ - begin_);
    const std::size_t end = held.find('\n');
    advance(std::min(end, held.size()));
    if (end != std::string_view::npos) return end_line();
    refill();
  }
}

// The last bytes of the current line, after its last literal.
std::string Lexer::end_of_consumed() const {
  const std::string_view held(buffer_.get() + start_, begin_ - start_);
  std::string end = tail_;
  end += held.substr(held.size() - std::min(held.size(), kMaxAnnouncement));
  const std::size_t length = std::min(line_ - literal_end_, kMaxAnnouncement);
  end.erase(0, end.size() - std::min(end.size(), length));
  return end;
}

void Lexer::skip_odd_line() {
  depth_ = 0;
  for (;;) {
    if (unread_literal_ > limits_.max_line) fail_framing("a value too long");
    read_literal(unread_literal_, [](base::ByteView) {});
    const std::string_view held(buffer_.get() + begin_, end_ - begin_);
    const std::size_t end = held.find('\n');
    advance(std::min(end, held.size()));
    if (end == std::string_view::npos) {
      refill();
      continue;
    }
    const std::optional<std::uint64_t> literal = announced_literal(end_of_consumed());
    advance(1);
    if (!literal) break;
    literal_end_ = line_;
    unread_literal_ = *literal;
  }
  line_ = literal_end_ = 0;
}

std::string Lexer::beginning() const {
  std::string text = head_;
  text.append(buffer_.get() + start_, std::min(begin_ - start_, kMaxBeginning - head_.size()));
  text.erase(0, text.find_first_not_of("\r\n"));
  while (text.ends_with('\r') || text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace imap
