#include "restore/read_back.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace restore {

namespace {

constexpr std::byte kCr{'\r'};
constexpr std::byte kLf{'\n'};

// Every line end as CRLF: after CRs and an LF, or after an LF alone. In pieces: CRs at the end of
// one are counted in `open_crs`, and belong to the next.
base::Bytes with_plain_line_ends(base::ByteView piece, std::size_t& open_crs) {
  base::Bytes plain;
  plain.reserve(piece.size() + open_crs);
  for (const std::byte byte : piece) {
    if (byte == kCr) {
      ++open_crs;
      continue;
    }
    if (byte == kLf) open_crs = 1;
    plain.insert(plain.end(), open_crs, kCr);
    open_crs = 0;
    plain.push_back(byte);
  }
  return plain;
}

base::Bytes with_plain_line_ends(base::ByteView text) {
  std::size_t open_crs = 0;
  base::Bytes plain = with_plain_line_ends(text, open_crs);
  plain.insert(plain.end(), open_crs, kCr);
  return plain;
}

base::Bytes with_replaced(base::Bytes text, std::byte from, std::byte to) {
  std::replace(text.begin(), text.end(), from, to);
  return text;
}

base::Bytes without_nul(base::Bytes text) {
  return with_replaced(std::move(text), std::byte{0}, std::byte{0x80});
}

}  // namespace

store::Sha256 canonical_digest(base::ByteView message) {
  return store::sha256(without_nul(with_plain_line_ends(message)));
}

void ReadBack::body_piece(base::ByteView piece) {
  if (of_ == DigestOf::kBytes) {
    hash_.update(piece);
  } else {
    hash_.update(without_nul(with_plain_line_ends(piece, open_crs_)));
  }
  size_ += piece.size();
}

void ReadBack::message(const imap::MessageItems& items, imap::BodyKind body) {
  const bool has_body = body == imap::BodyKind::kString || body == imap::BodyKind::kLiteral;
  hash_.update(base::Bytes(std::exchange(open_crs_, 0), kCr));
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
  if (without_nul(plain_original) == without_nul(plain_served)) {
    return "NUL became 0x80; line ends became CRLF";
  }
  const auto [at, unused] =
      std::mismatch(original.begin(), original.end(), served.begin(), served.end());
  return fmt::format("differs from byte {} on; {} bytes instead of {}", at - original.begin(),
                     served.size(), original.size());
}

}  // namespace restore
