// Responses of a malicious server, delivered in pieces of any size: each is parsed, or fails with
// an Error. The dictionary is imap.dict.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "imap/response.h"
#include "tests/fuzz/fuzzer.h"

namespace {

class FuzzSource : public imap::Source {
 public:
  FuzzSource(base::ByteView bytes, std::size_t piece) : bytes_(bytes), piece_(piece) {}

  std::size_t read(std::span<std::byte> buffer) override {
    if (buffer.empty()) std::abort();  // the lexer must have room for the bytes it requests
    if (bytes_.empty()) base::fail(base::ErrorCode::kNetwork, "the end");
    const std::size_t length = std::min({buffer.size(), piece_, bytes_.size()});
    std::copy_n(bytes_.begin(), length, buffer.begin());
    bytes_ = bytes_.subspan(length);
    return length;
  }

 private:
  base::ByteView bytes_;
  std::size_t piece_;
};

class Bodies : public imap::BodySink {
 public:
  bool wants_body(std::optional<base::Uid> uid) override { return !uid || uid->value % 2 == 0; }
  void body_piece(base::ByteView piece) override {
    if (piece.empty()) std::abort();
  }
};

}  // namespace

MAILSTOW_FUZZER(imap_response_fuzz) {
  if (size < 1) return 0;
  const base::ByteView bytes = std::as_bytes(std::span(data, size));
  FuzzSource source(bytes.subspan(1), std::to_integer<std::size_t>(bytes.front()) % 32 + 1);
  imap::Limits limits;
  limits.max_line = 2000;
  limits.max_token = 200;
  limits.max_value = 300;
  limits.max_nesting = 8;
  limits.max_items = 300;
  limits.max_kept = 4000;
  imap::Lexer lexer(source, limits);
  Bodies bodies;
  try {
    for (;;) imap::read_response(lexer, bodies);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kNetwork && error.code() != base::ErrorCode::kProtocol) {
      std::abort();
    }
  }
  return 0;
}
