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

store::Sha256 digest_with(const std::vector<Habit>& habits, const store::MessageBytes& message) {
  Canonical canonical(habits);
  store::Sha256Hash hash;
  message.for_each_piece([&](base::ByteView piece) { hash.update(canonical.piece(piece)); });
  hash.update(canonical.rest());
  return hash.finish();
}

// The position of the first byte in which they differ, or which only one of them has.
std::optional<std::uint64_t> first_difference(const store::MessageBytes& original,
                                              const store::MessageBytes& served) {
  std::optional<std::uint64_t> found;
  std::uint64_t offset = 0;
  base::Bytes buffer;
  original.for_each_piece([&](base::ByteView piece) {
    if (found) return;
    buffer.resize(piece.size());
    buffer.resize(served.read_at(offset, buffer));
    const auto at = std::ranges::mismatch(piece, buffer).in1 - piece.begin();
    if (static_cast<std::size_t>(at) < piece.size()) found = offset + static_cast<std::size_t>(at);
    offset += piece.size();
  });
  if (!found && served.size() > original.size()) found = original.size();
  return found;
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

store::Sha256 canonical_digest(const store::MessageBytes& message) {
  return digest_with(kAllHabits, message);
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
  if (failure_) return;
  try {
    buffer_.add(piece);
  } catch (const base::Error& error) {
    failure_ = error;
    buffer_.begin(0);
  }
}

void OneMessage::discard() {
  failure_.reset();
  buffer_.begin(0);
}

store::MessageBytes OneMessage::take() {
  if (failure_) base::fail(failure_->code(), "{}", failure_->what());
  return buffer_.take();
}

std::string describe_alteration(const store::MessageBytes& original,
                                const store::MessageBytes& served) {
  const std::optional<std::uint64_t> difference = first_difference(original, served);
  if (!difference) return "";
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
      if (digest_with(habits, original) != digest_with(habits, served)) continue;
      return fmt::format("{}", fmt::join(words, "; "));
    }
  }
  return fmt::format("differs from byte {} onwards; {} bytes instead of {}", *difference,
                     served.size(), original.size());
}

}  // namespace restore
