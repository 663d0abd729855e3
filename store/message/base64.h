// Base64 in mail (RFC 2045, section 6.8), decoded only as far as encoding it again gives exactly
// the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/bytes.h"

namespace store {

enum class LineEnd : std::uint8_t { kLf, kCrLf };

// The line breaks of the encoded text. Every line but the last has `length` characters.
struct Base64Lines {
  std::uint64_t length = 0;  // characters, a multiple of 4; 0: everything in one line
  LineEnd end = LineEnd::kLf;
  bool operator==(const Base64Lines&) const = default;
};

// The size in bytes of `decoded` bytes encoded in these lines, without a line end after the last.
// `decoded` must be below 2^60.
std::uint64_t encoded_size(std::uint64_t decoded, const Base64Lines& lines);

// Decodes the longest prefix of `text` that is canonical: lines of equal length, every line end
// like the first, only the alphabet, padding only at the end and with zero bits. The first line
// determines length and line end. The text after the prefix is ignored.
//
// The decoded prefix is exactly the first consumed() bytes of `text`, and
// consumed() == encoded_size(bytes decoded, lines()).
class Base64Decoder {
 public:
  explicit Base64Decoder(base::ByteView text);

  // Fills `out`, which must have room for at least 3 bytes, and returns the number of bytes. A
  // result of 0, or one that is not a multiple of 3, means the end.
  std::size_t read(std::span<std::byte> out);

  std::size_t consumed() const { return consumed_; }
  const Base64Lines& lines() const { return lines_; }

 private:
  bool next_line();
  std::size_t read_last_quad(std::byte* out);

  base::ByteView text_;
  Base64Lines lines_;
  std::size_t position_ = 0;
  std::size_t consumed_ = 0;
  std::size_t left_in_line_ = 0;  // characters
  bool ended_ = false;
};

// The inverse of Base64Decoder. Passes on the encoded text in pieces of a few ten thousand bytes.
class Base64Encoder {
 public:
  using Take = std::function<void(base::ByteView)>;

  // `take` must outlive the encoder.
  Base64Encoder(const Base64Lines& lines, const Take& take);

  // Only the last write may have a length that is not a multiple of 3.
  void write(base::ByteView decoded);

  // Call after the last write.
  void finish();

 private:
  void end_line();
  void flush();

  Base64Lines lines_;
  const Take& take_;
  base::Bytes buffer_;
  std::uint64_t left_in_line_ = 0;  // characters
};

}  // namespace store
