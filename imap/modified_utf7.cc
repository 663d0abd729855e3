#include "imap/modified_utf7.h"

#include <cstdint>

#include "base/utf8.h"

namespace imap {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

bool stands_for_itself(char32_t code_point) {
  return code_point >= 0x20 && code_point <= 0x7E;
}

// UTF-16 units, big-endian, in base64 without padding.
class ShiftedWriter {
 public:
  explicit ShiftedWriter(std::string& out) : out_(out) {}

  void add(char32_t code_point) {
    if (code_point >= 0x10000) {
      code_point -= 0x10000;
      add_unit(0xD800U | code_point >> 10U);
      add_unit(0xDC00U | (code_point & 0x3FFU));
    } else {
      add_unit(code_point);
    }
  }

  void finish() {
    if (bits_ > 0) out_ += kAlphabet[pending_ << (6U - bits_) & 0x3FU];
    pending_ = bits_ = 0;
  }

 private:
  void add_unit(char32_t unit) {
    pending_ = pending_ << 16U | unit;
    bits_ += 16;
    for (; bits_ >= 6; bits_ -= 6) out_ += kAlphabet[pending_ >> (bits_ - 6U) & 0x3FU];
    pending_ &= 0x3FU;
  }

  std::string& out_;
  std::uint32_t pending_ = 0;
  unsigned bits_ = 0;
};

// Decodes one `&...-`, with `base64` being the part in between; returns false if it is invalid.
bool decode_shifted(std::string_view base64, std::string& out) {
  std::uint32_t pending = 0;
  unsigned bits = 0;
  char32_t high_surrogate = 0;
  for (const char digit : base64) {
    const std::size_t value = kAlphabet.find(digit);
    if (value == std::string_view::npos) return false;
    pending = (pending << 6U | static_cast<std::uint32_t>(value)) & 0xFFFFFFU;
    bits += 6;
    if (bits < 16) continue;
    bits -= 16;
    const char32_t unit = pending >> bits & 0xFFFFU;
    const bool is_low = unit >= 0xDC00 && unit <= 0xDFFF;
    if (is_low != (high_surrogate != 0)) return false;
    if (unit >= 0xD800 && unit <= 0xDBFF) {
      high_surrogate = unit;
      continue;
    }
    base::append_utf8(
        out, is_low ? 0x10000U + ((high_surrogate & 0x3FFU) << 10U) + (unit & 0x3FFU) : unit);
    high_surrogate = 0;
  }
  return high_surrogate == 0;
}

// Decodes any text that follows the grammar, even if its spelling is not canonical.
std::optional<std::string> decode_any(std::string_view raw) {
  std::string utf8;
  while (!raw.empty()) {
    const char first = raw.front();
    raw.remove_prefix(1);
    if (first != '&') {
      utf8 += first;
      continue;
    }
    const std::size_t end = raw.find('-');
    if (end == std::string_view::npos) return std::nullopt;
    if (end == 0) {
      utf8 += '&';
    } else if (!decode_shifted(raw.substr(0, end), utf8)) {
      return std::nullopt;
    }
    raw.remove_prefix(end + 1);
  }
  return utf8;
}

}  // namespace

std::optional<std::string> decode_modified_utf7(std::string_view raw) {
  std::optional<std::string> utf8 = decode_any(raw);
  if (!utf8 || !base::is_utf8(*utf8) || encode_modified_utf7(*utf8) != raw) return std::nullopt;
  return utf8;
}

std::string encode_modified_utf7(std::string_view utf8) {
  std::string raw;
  ShiftedWriter shifted(raw);
  bool is_shifted = false;
  while (!utf8.empty()) {
    const base::CodePoint character =
        base::first_code_point(utf8).value_or(base::CodePoint{0xFFFD, 1});
    utf8.remove_prefix(character.length);
    const bool is_plain = stands_for_itself(character.value);
    if (is_plain && is_shifted) {
      shifted.finish();
      raw += '-';
    } else if (!is_plain && !is_shifted) {
      raw += '&';
    }
    is_shifted = !is_plain;
    if (!is_plain) {
      shifted.add(character.value);
    } else if (character.value == '&') {
      raw += "&-";
    } else {
      raw += static_cast<char>(character.value);
    }
  }
  if (is_shifted) {
    shifted.finish();
    raw += '-';
  }
  return raw;
}

}  // namespace imap
