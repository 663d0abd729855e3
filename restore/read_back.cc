#include "restore/read_back.h"

#include <algorithm>

#include <fmt/core.h>

namespace restore {

namespace {

// Every line end as CRLF: after CRs and an LF, or after an LF alone.
base::Bytes with_plain_line_ends(base::ByteView text) {
  constexpr std::byte kCr{'\r'};
  constexpr std::byte kLf{'\n'};
  base::Bytes plain;
  plain.reserve(text.size());
  for (const std::byte byte : text) {
    if (byte == kLf) {
      while (!plain.empty() && plain.back() == kCr) plain.pop_back();
      plain.push_back(kCr);
    }
    plain.push_back(byte);
  }
  return plain;
}

base::Bytes with_replaced(base::Bytes text, std::byte from, std::byte to) {
  std::replace(text.begin(), text.end(), from, to);
  return text;
}

}  // namespace

void ReadBack::body_piece(base::ByteView piece) {
  hash_.update(piece);
  size_ += piece.size();
}

void ReadBack::message(const imap::MessageItems& items, imap::BodyKind body) {
  const bool has_body = body == imap::BodyKind::kString || body == imap::BodyKind::kLiteral;
  if (has_body) messages_[*items.uid] = {items, hash_.finish(), size_};
  hash_ = store::Sha256Hash();
  size_ = 0;
}

void OneMessage::body_piece(base::ByteView piece) {
  bytes_.insert(bytes_.end(), piece.begin(), piece.end());
}

std::string describe_alteration(base::ByteView original, base::ByteView served) {
  if (std::equal(original.begin(), original.end(), served.begin(), served.end())) return "";
  const base::Bytes plain_original = with_plain_line_ends(original);
  const base::Bytes plain_served = with_plain_line_ends(served);
  if (plain_original == plain_served) return "line ends became CRLF";
  const auto without_nul = [](base::Bytes text) {
    return with_replaced(std::move(text), std::byte{0}, std::byte{0x80});
  };
  if (without_nul(plain_original) == without_nul(plain_served)) {
    return "NUL became 0x80; line ends became CRLF";
  }
  const auto [at, unused] =
      std::mismatch(original.begin(), original.end(), served.begin(), served.end());
  return fmt::format("differs from byte {} on; {} bytes instead of {}", at - original.begin(),
                     served.size(), original.size());
}

}  // namespace restore
