#include "restore/read_back.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include <fmt/format.h>

namespace restore {

namespace {

constexpr std::byte kCr{'\r'};
constexpr std::byte kLf{'\n'};

constexpr std::byte kBeyondAscii{0x80};
constexpr std::byte kMunged{'X'};

base::Bytes applied(const std::vector<Habit>& habits, base::ByteView message) {
  Canonical canonical(habits);
  base::Bytes bytes = canonical.piece(message);
  const base::Bytes rest = canonical.rest();
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}

struct NamedHabit {
  Habit habit;
  const char* what;
};
constexpr std::array kHabits = {NamedHabit{Habit::kLineEnds, "line ends became CRLF"},
                                NamedHabit{Habit::kNul, "NUL became 0x80"},
                                NamedHabit{Habit::kHeader, "8-bit bytes in the header became X"}};

}  // namespace

Canonical::Canonical(const std::vector<Habit>& habits)
    : line_ends_(has(habits, Habit::kLineEnds)),
      nul_(has(habits, Habit::kNul)),
      header_(has(habits, Habit::kHeader)) {}

bool Canonical::has(const std::vector<Habit>& habits, Habit habit) {
  return std::find(habits.begin(), habits.end(), habit) != habits.end();
}

base::Bytes Canonical::piece(base::ByteView piece) {
  base::Bytes plain;
  plain.reserve(piece.size() + open_crs_);
  for (std::byte byte : piece) {
    if (byte == kCr) {
      ++open_crs_;
      continue;
    }
    if (byte == kLf) {
      if (line_ends_) open_crs_ = 1;
      is_in_header_ = is_in_header_ && !is_line_empty_;
    }
    is_line_empty_ = byte == kLf;
    plain.insert(plain.end(), std::exchange(open_crs_, 0), kCr);
    if (nul_ && byte == std::byte{0}) byte = kBeyondAscii;
    if (header_ && is_in_header_ && byte >= kBeyondAscii) byte = kMunged;
    plain.push_back(byte);
  }
  return plain;
}

base::Bytes Canonical::rest() {
  base::Bytes crs(std::exchange(open_crs_, 0), kCr);
  is_in_header_ = is_line_empty_ = true;
  return crs;
}

store::Sha256 canonical_digest(base::ByteView message) {
  return store::sha256(applied(kAllHabits, message));
}

void ReadBack::body_piece(base::ByteView piece) {
  if (of_ == DigestOf::kBytes) {
    hash_.update(piece);
  } else {
    hash_.update(canonical_.piece(piece));
  }
  size_ += piece.size();
}

void ReadBack::message(const imap::MessageItems& items, imap::BodyKind body) {
  const bool has_body = body == imap::BodyKind::kString || body == imap::BodyKind::kLiteral;
  hash_.update(canonical_.rest());
  if (has_body) messages_[*items.uid] = {items, hash_.finish(), size_};
  hash_ = store::Sha256Hash();
  size_ = 0;
}

void ReadBack::discard() {
  static_cast<void>(canonical_.rest());
  hash_ = store::Sha256Hash();
  size_ = 0;
}

void OneMessage::body_piece(base::ByteView piece) {
  bytes_.insert(bytes_.end(), piece.begin(), piece.end());
}

std::string describe_alteration(base::ByteView original, base::ByteView served) {
  if (std::equal(original.begin(), original.end(), served.begin(), served.end())) return "";
  // Finds the smallest set of habits that explains the difference.
  for (std::size_t count = 1; count <= kHabits.size(); ++count) {
    for (unsigned chosen = 1; chosen < 1U << kHabits.size(); ++chosen) {
      if (std::popcount(chosen) != static_cast<int>(count)) continue;
      std::vector<Habit> habits;
      std::vector<std::string> words;
      for (std::size_t at = 0; at < kHabits.size(); ++at) {
        if ((chosen >> at & 1U) == 0) continue;
        habits.push_back(kHabits[at].habit);
        words.emplace_back(kHabits[at].what);
      }
      if (applied(habits, original) != applied(habits, served)) continue;
      return fmt::format("{}", fmt::join(words, "; "));
    }
  }
  const auto [at, unused] =
      std::mismatch(original.begin(), original.end(), served.begin(), served.end());
  return fmt::format("differs from byte {} onwards; {} bytes instead of {}", at - original.begin(),
                     served.size(), original.size());
}

}  // namespace restore
