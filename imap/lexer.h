// Reads the words of IMAP answers from a stream that may come in pieces of any size (RFC 9051,
// section 9). What a server may make us hold is bounded by Limits: one buffer and what the caller
// keeps.
//
// Every call fails with kProtocol on what the grammar does not allow and where a limit is passed,
// and with what the Source fails with. A lexer that failed is of no more use.
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
#include "imap/limits.h"

namespace imap {

// Where the bytes come from.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  // Waits for at least one byte and returns how many came.
  virtual std::size_t read(std::span<std::byte> buffer) = 0;
};

class Lexer {
 public:
  // `source` must outlive the lexer.
  Lexer(Source& source, const Limits& limits);

  // At the start of an answer: the limits count from here.
  void begin_answer();

  // What has come and is not read yet; it is gone from the lexer.
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

  // CRLF; a bare LF passes too.
  void end_line();

  // The word up to a space, a parenthesis or the end of the line, perhaps empty; what servers put
  // into flags and names is not questioned. Lives until the next call.
  std::string_view atom();

  // The name of a FETCH item: an atom, and a section in brackets with whatever it holds.
  std::string_view item_name();

  // The text up to `end` or the end of the line, neither of them taken. Lives until the next call.
  std::string_view text_until(char end);

  // The text up to the end of the line, which is not taken. What is longer than a token is cut.
  std::string text();

  // An atom that is a number. Nothing if it is another word, or does not fit.
  std::optional<std::uint64_t> number();

  // Digits alone, up to whatever follows. Nothing if there is none, or they do not fit.
  std::optional<std::uint64_t> digits();

  // An atom, a quoted string or a literal (astring).
  std::string string();

  // Nothing if NIL (nstring).
  std::optional<std::string> nstring();

  // Parentheses, which may nest only so deep.
  void open();
  bool take_close();

  // A value of any kind, lists and literals included.
  void skip_value();
  void skip_line();

  // The size of a literal whose '{' (or "~{") comes next. Its bytes follow: read_literal().
  std::uint64_t literal_size();
  bool at_literal();

  // Gives the next `size` bytes to `take` in pieces as they come, uncopied.
  template <typename Take>
  void read_literal(std::uint64_t size, Take&& take) {
    while (size > 0) {
      if (begin_ == end_) refill();
      const std::size_t available = end_ - begin_;
      const std::size_t length = size < available ? static_cast<std::size_t>(size) : available;
      const std::size_t at = std::exchange(begin_, begin_ + length);
      take(base::as_bytes(std::string_view(buffer_.get() + at, length)));
      size -= length;
    }
  }

  // Fails with kProtocol: `what` is wrong, with the place in the stream.
  [[noreturn]] void fail_protocol(std::string_view what);

 private:
  void refill();
  void advance(std::size_t length);
  [[noreturn]] void unexpected(char expected);
  void count_item();
  void keep(std::size_t bytes);
  std::string quoted();
  std::string kept_literal();
  template <typename Stop>
  std::string_view scan(Stop stop);

  Source& source_;
  Limits limits_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t line_ = 0;   // bytes of the current line that are taken
  std::size_t items_ = 0;  // of the current answer, like the next two
  std::size_t kept_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace imap
