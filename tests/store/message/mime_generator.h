// Mail for tests of splitting: nested MIME, well-formed or deliberately not.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace tests {

// RFC 4648 base64 broken into lines of `line_length` characters; 0: one line. No line end after the
// last line. Slow and plain, as a reference for the store's encoder.
std::string plain_base64(std::string_view bytes, std::size_t line_length,
                         std::string_view line_end);

// A well-formed message with these attachments in base64, in lines of 76 characters ending in CRLF.
std::string mail_with_attachments(const std::vector<std::string>& attachments,
                                  std::string_view boundary = "frontier");

// Makes one message for each seed, more or less like mail, often malformed.
class MimeGenerator {
 public:
  explicit MimeGenerator(std::uint64_t seed) : random_(seed) {}

  std::string message();

 private:
  std::size_t below(std::size_t limit) { return random_() % limit; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::string_view any_of(std::initializer_list<std::string_view> choices);

  void entity(std::size_t depth, std::string_view outer_boundary);
  void multipart(std::size_t depth, std::string_view outer_boundary);
  void base64_body();
  void text_body();
  void end_header();
  std::string boundary(std::string_view outer_boundary);
  std::string bytes(std::size_t size);
  void damage();

  std::mt19937_64 random_;
  std::string out_;
  std::string_view line_end_ = "\r\n";
};

}  // namespace tests
