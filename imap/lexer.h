// Reads the words of IMAP responses from a stream that may arrive in pieces of any size (RFC 9051,
// section 9). Limits bounds the memory that a server can make us use: one buffer, and the values
// that the caller keeps.
//
// Every call fails with kProtocol on input that the grammar does not allow and when a limit is
// exceeded, and as the Source does. A lexer is unusable after a failure, except that
// skip_odd_line() may follow NotUnderstood.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/error.h"
#include "imap/limits.h"

namespace imap {

// Supplies the bytes.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  // Waits for at least one byte and returns the number of bytes read.
  virtual std::size_t read(std::span<std::byte> buffer) = 0;
};

// A response that is not understood, but whose end can be found.
class NotUnderstood : public base::Error {
 public:
  using Error::Error;
};

class Lexer {
 public:
  // `source` must outlive the lexer.
  Lexer(Source& source, const Limits& limits);

  const Limits& limits() const { return limits_; }

  // Call it at the start of a response: the limits count from here.
  void begin_answer();

  bool has_unread_line() const {
    return std::string_view(buffer_.get() + begin_, end_ - begin_).find('\n') !=
           std::string_view::npos;
  }

  // Removes and returns the bytes that were received but not yet read.
  base::Bytes take_unread();

  char peek() {
    if (begin_ == end_) refill();
    return buffer_[begin_];
  }
  bool take_if(char expected) {
    if (peek() != expected) return false;
    advance(1);
    return true;
  }
  void expect(char expected) {
    if (!take_if(expected)) unexpected(expected);
  }
  void skip_spaces() {
    while (peek() == ' ') advance(1);
  }
  bool at_end_of_line() { return peek() == '\r' || peek() == '\n'; }

  // Consumes CRLF; a bare LF is accepted too.
  void end_line();

  // Skips empty lines, which some servers send between responses.
  void skip_blank_lines() {
    while (at_end_of_line()) end_line();
  }

  // The word up to a space, a parenthesis or the end of the line, possibly empty; the bytes that
  // servers put into flags and names are not validated. Valid until the next call.
  std::string_view atom();

  // The name of a FETCH item: an atom, and a section in brackets with any content.
  std::string_view item_name();

  // The text up to `end` or the end of the line, neither of which is consumed. Valid until the next
  // call.
  std::string_view text_until(char end);

  // The text up to the end of the line, which is not consumed. Text longer than Limits::max_token
  // is truncated.
  std::string text();

  // An atom that is a number. Returns nullopt if it is another word or does not fit.
  std::optional<std::uint64_t> number();

  // Digits up to the first other character. Returns nullopt if there are no digits or the number
  // does not fit.
  std::optional<std::uint64_t> digits();

  // An atom, a quoted string or a literal (astring).
  std::string string();

  // Returns nullopt if NIL (nstring).
  std::optional<std::string> nstring();

  // The same, and also nullopt if the value is a literal longer than Limits::max_value.
  std::optional<std::string> nstring_unless_too_long();

  // Parentheses, which may nest up to Limits::max_nesting deep.
  void open();
  bool take_close();

  // Skips a value of any kind, including lists and literals.
  void skip_value();
  void skip_line();

  // After NotUnderstood: skips the rest of the response. A line that ends with the announcement of
  // a literal continues after it. Fails if that is longer than Limits::max_line.
  void skip_odd_line();

  // The first bytes of the response, as far as it was read, at most kMaxBeginning; without blank
  // lines before it and the line end behind it.
  std::string beginning() const;
  static constexpr std::size_t kMaxBeginning = 100;

  // The size of a literal whose '{' (or "~{") comes next. Read its bytes with read_literal().
  std::uint64_t literal_size();
  bool at_literal();

  // Passes the next `size` bytes to `take` in pieces as they arrive, without copying. Between
  // parentheses, where a line can't end, it skips the line end that some servers send after a
  // literal.
  template <typename Take>
  void read_literal(std::uint64_t size, Take&& take) {
    while (size > 0) {
      if (begin_ == end_) refill();
      const std::size_t available = end_ - begin_;
      const std::size_t length = size < available ? static_cast<std::size_t>(size) : available;
      const std::size_t at = std::exchange(begin_, begin_ + length);
      unread_literal_ -= length < unread_literal_ ? length : unread_literal_;
      take(base::as_bytes(std::string_view(buffer_.get() + at, length)));
      size -= length;
    }
    if (depth_ > 0) skip_blank_lines();
  }

  // Fails with NotUnderstood; the message names `what` and shows the position in the stream.
  [[noreturn]] void fail_protocol(std::string_view what);

 private:
  [[noreturn]] void fail_framing(std::string_view what);
  std::string position(std::string_view what) const;
  void keep_consumed();
  std::string end_of_consumed() const;
  void refill();
  void advance(std::size_t length);
  [[noreturn]] void unexpected(char expected);
  void count_item();
  void keep(std::size_t bytes);
  std::string quoted();
  std::string kept_literal(std::uint64_t size);
  template <typename Stop>
  std::string_view scan(Stop stop);

  Source& source_;
  Limits limits_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t start_ = 0;  // of the response, or of the part that is still in the buffer
  std::string head_;       // the first and the last bytes of the part that is not
  std::string tail_;
  std::uint64_t unread_literal_ = 0;  // bytes of an announced literal
  std::size_t line_ = 0;              // consumed bytes of the current line
  std::size_t literal_end_ = 0;       // of them, those up to its last literal
  std::size_t items_ = 0;             // of the current response, like the next two
  std::size_t kept_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace imap
