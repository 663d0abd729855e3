// A response as it is read from its text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "imap/response.h"
#include "tests/expect_error.h"
#include "tests/imap/text_source.h"

namespace imap {

// Keeps the bodies that a response has.
class Bodies : public BodySink {
 public:
  bool wants_body(std::optional<base::Uid> uid) override {
    known_uid = uid;
    return is_wanted;
  }
  void body_piece(base::ByteView piece) override { bytes += base::as_text(piece); }

  bool is_wanted = true;
  std::optional<base::Uid> known_uid;
  std::string bytes;
};

// The first response in `text`, of which the lexer gets `piece` bytes at a time.
inline Response read(std::string_view text, Bodies& bodies, std::size_t piece,
                     const Limits& limits = {}) {
  TextSource source(text, piece);
  Lexer lexer(source, limits);
  return read_response(lexer, bodies);
}

// Reads the response in `text`, which must end with a line end. Also reads it byte by byte, and
// checks that no prefix is accepted as a response.
template <typename Kind>
Kind answer(std::string_view text, Bodies& bodies) {
  for (std::size_t length = 0; length < text.size(); ++length) {
    Bodies ignored;
    EXPECT_ERROR(kNetwork, "lost", read(text.substr(0, length), ignored, text.size()));
  }
  Bodies whole;
  const Response at_once = read(text, whole, text.size());
  Response slowly = read(text, bodies, 1);
  EXPECT_EQ(at_once.index(), slowly.index());
  EXPECT_EQ(whole.bytes, bodies.bytes);
  return std::get<Kind>(std::move(slowly));
}

template <typename Kind>
Kind answer(std::string_view text) {
  Bodies bodies;
  return answer<Kind>(text, bodies);
}

}  // namespace imap
