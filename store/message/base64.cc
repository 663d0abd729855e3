#include "store/message/base64.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string_view>

namespace store {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// A decoded quad has 24 bits; this bit means that some character was outside the alphabet.
constexpr std::uint32_t kInvalid = 1U << 24U;

using DecodeTable = std::array<std::uint32_t, 256>;

// A character's six bits at their position in the quad, so that "or" combines four look-ups.
constexpr DecodeTable decode_table(unsigned shift) {
  DecodeTable table{};
  table.fill(kInvalid);
  for (std::uint32_t i = 0; i < kAlphabet.size(); ++i)
    table.at(static_cast<unsigned char>(kAlphabet[i])) = i << shift;
  return table;
}

constexpr DecodeTable kDecode0 = decode_table(18);
constexpr DecodeTable kDecode1 = decode_table(12);
constexpr DecodeTable kDecode2 = decode_table(6);
constexpr DecodeTable kDecode3 = decode_table(0);

// Two characters for every 12 bits.
using EncodeTable = std::array<std::array<char, 2>, 4096>;

constexpr EncodeTable encode_table() {
  EncodeTable table{};
  for (std::size_t i = 0; i < table.size(); ++i)
    table[i] = {kAlphabet[i >> 6U], kAlphabet[i & 63U]};
  return table;
}

constexpr EncodeTable kEncode = encode_table();

std::uint32_t quad_bits(const std::byte* in) {
  return kDecode0[std::to_integer<std::uint8_t>(in[0])] |
         kDecode1[std::to_integer<std::uint8_t>(in[1])] |
         kDecode2[std::to_integer<std::uint8_t>(in[2])] |
         kDecode3[std::to_integer<std::uint8_t>(in[3])];
}

void put_bits(std::uint32_t bits, std::byte* out) {
  out[0] = static_cast<std::byte>(bits >> 16U);
  out[1] = static_cast<std::byte>(bits >> 8U);
  out[2] = static_cast<std::byte>(bits);
}

// Returns the number of quads decoded before the first with padding or an invalid character.
std::size_t decode_quads(const std::byte* in, std::size_t quads, std::byte* out) {
  for (std::size_t done = 0; done < quads; ++done) {
    const std::uint32_t bits = quad_bits(in + 4 * done);
    if ((bits & kInvalid) != 0) return done;
    put_bits(bits, out + 3 * done);
  }
  return quads;
}

void encode_triple(const std::byte* in, std::byte* out) {
  const std::uint32_t bits = std::to_integer<std::uint32_t>(in[0]) << 16U |
                             std::to_integer<std::uint32_t>(in[1]) << 8U |
                             std::to_integer<std::uint32_t>(in[2]);
  std::memcpy(out, kEncode[bits >> 12U].data(), 2);
  std::memcpy(out + 2, kEncode[bits & 4095U].data(), 2);
}

std::string_view text_of(LineEnd end) {
  return end == LineEnd::kCrLf ? "\r\n" : "\n";
}

Base64Lines lines_from_first(base::ByteView text) {
  const std::string_view all = base::as_text(text);
  std::size_t length = all.find('\n');
  if (length == std::string_view::npos) return {};
  Base64Lines lines;
  if (length > 0 && all[length - 1] == '\r') {
    lines.end = LineEnd::kCrLf;
    --length;
  }
  // If the first line is not made of whole quads, it must also be the last line.
  if (length % 4 == 0) lines.length = length;
  return lines.length == 0 ? Base64Lines{} : lines;
}

}  // namespace

std::uint64_t encoded_size(std::uint64_t decoded, const Base64Lines& lines) {
  const std::uint64_t characters = (decoded + 2) / 3 * 4;
  if (lines.length == 0 || characters == 0) return characters;
  return characters + (characters - 1) / lines.length * text_of(lines.end).size();
}

Base64Decoder::Base64Decoder(base::ByteView text)
    : text_(text),
      lines_(lines_from_first(text)),
      left_in_line_(lines_.length == 0 ? std::numeric_limits<std::size_t>::max() : lines_.length) {}

bool Base64Decoder::next_line() {
  const std::string_view end = text_of(lines_.end);
  if (!base::as_text(text_.subspan(position_)).starts_with(end)) return false;
  position_ += end.size();
  left_in_line_ = lines_.length;
  return true;
}

std::size_t Base64Decoder::read_last_quad(std::byte* out) {
  ended_ = true;
  if (text_.size() - position_ < 4 || left_in_line_ < 4) return 0;
  const std::byte* in = text_.data() + position_;
  constexpr std::byte kPadding{'='};
  constexpr std::byte kZero{'A'};
  if (in[3] != kPadding) return 0;
  const std::size_t length = in[2] == kPadding ? 1 : 2;
  const std::array<std::byte, 4> quad{in[0], in[1], length == 1 ? kZero : in[2], kZero};
  const std::uint32_t bits = quad_bits(quad.data());
  const std::uint32_t unused = length == 1 ? 0xFFFFU : 0xFFU;
  if ((bits & (kInvalid | unused)) != 0) return 0;
  std::array<std::byte, 3> decoded{};
  put_bits(bits, decoded.data());
  std::copy_n(decoded.begin(), length, out);
  position_ += 4;
  consumed_ = position_;
  return length;
}

std::size_t Base64Decoder::read(std::span<std::byte> out) {
  std::size_t filled = 0;
  while (!ended_ && out.size() - filled >= 3) {
    if (left_in_line_ == 0 && !next_line()) {
      ended_ = true;
      break;
    }
    const std::size_t wanted =
        std::min({left_in_line_ / 4, (out.size() - filled) / 3, (text_.size() - position_) / 4});
    const std::size_t quads = decode_quads(text_.data() + position_, wanted, out.data() + filled);
    filled += 3 * quads;
    position_ += 4 * quads;
    left_in_line_ -= 4 * quads;
    if (quads > 0) consumed_ = position_;
    if (quads < wanted || wanted == 0) filled += read_last_quad(out.data() + filled);
  }
  return filled;
}

Base64Encoder::Base64Encoder(const Base64Lines& lines, const Take& take)
    : lines_(lines),
      take_(take),
      left_in_line_(lines.length == 0 ? std::numeric_limits<std::uint64_t>::max() : lines.length) {}

void Base64Encoder::flush() {
  if (!buffer_.empty()) take_(buffer_);
  buffer_.clear();
}

void Base64Encoder::end_line() {
  const base::ByteView end = base::as_bytes(text_of(lines_.end));
  buffer_.insert(buffer_.end(), end.begin(), end.end());
  left_in_line_ = lines_.length;
}

void Base64Encoder::write(base::ByteView decoded) {
  constexpr std::size_t kPiece = 65'536;
  while (!decoded.empty()) {
    if (left_in_line_ == 0) end_line();
    std::size_t triples =
        std::min<std::size_t>({decoded.size() / 3, left_in_line_ / 4, kPiece / 4});
    const std::size_t start = buffer_.size();
    if (triples > 0) {
      buffer_.resize(start + 4 * triples);
      for (std::size_t i = 0; i < triples; ++i)
        encode_triple(decoded.data() + 3 * i, buffer_.data() + start + 4 * i);
      decoded = decoded.subspan(3 * triples);
    } else {  // one or two bytes are left
      std::array<std::byte, 3> last{};
      std::ranges::copy(decoded, last.begin());
      buffer_.resize(start + 4);
      encode_triple(last.data(), buffer_.data() + start);
      for (std::size_t i = decoded.size(); i < 3; ++i) buffer_[start + i + 1] = std::byte{'='};
      decoded = {};
      triples = 1;
    }
    left_in_line_ -= 4 * triples;
    if (buffer_.size() >= kPiece) flush();
  }
}

void Base64Encoder::finish() {
  flush();
}

}  // namespace store
