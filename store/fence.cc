#include "store/fence.h"

#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "store/format/crypto.h"
#include "store/format/layout.h"
#include "store/storage/s3_probe.h"

namespace store {

namespace {

constexpr std::size_t kMaxFenceNote = 200;
constexpr std::chrono::days kProofLasts{30};

constexpr std::array kProofWords{std::pair{FenceProof::kProven, std::string_view("proven")},
                                 std::pair{FenceProof::kAbsent, std::string_view("absent")},
                                 std::pair{FenceProof::kBroken, std::string_view("broken")}};

std::string bucket_digest(const Location& location) {
  return base::to_hex(checksum(base::as_bytes(location.fenced_bucket)));
}

// "proven 1796000000 DIGEST-OF-THE-BUCKET\n"
std::string format_fence_note(const FenceNote& note, const Location& location) {
  std::string_view word;
  for (const auto& [proof, name] : kProofWords) {
    if (proof == note.proof) word = name;
  }
  return fmt::format("{} {} {}\n", word, note.time.time_since_epoch().count(),
                     bucket_digest(location));
}

std::optional<FenceNote> parse_fence_note(std::string_view text, const Location& location) {
  const std::size_t first = text.find(' ');
  const std::size_t second = text.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  if (text.substr(second + 1) != bucket_digest(location) + '\n') return std::nullopt;
  const std::string_view number = text.substr(first + 1, second - first - 1);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), seconds);
  if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  for (const auto& [proof, word] : kProofWords) {
    if (text.substr(0, first) != word) continue;
    return FenceNote{.proof = proof,
                     .time = std::chrono::sys_seconds(std::chrono::seconds(seconds))};
  }
  return std::nullopt;
}

FenceNote keep_note(const FenceNote& note, base::FileSystem& files, const Location& location) {
  base::write_file(files, fence_file(location), base::as_bytes(format_fence_note(note, location)),
                   base::OnExisting::kReplace);
  return note;
}

bool is_due(const FenceNote& note, std::chrono::sys_seconds now) {
  if (note.proof == FenceProof::kBroken) return false;
  return note.proof == FenceProof::kUntried || now > note.time + kProofLasts ||
         now + base::kClockSlack < note.time;
}

FenceNote note_broken(const Storage& storage, base::FileSystem& files, const Location& location,
                      std::chrono::sys_seconds now) {
  base::log_warning(
      "store {}: the endpoint no longer makes sure that a name is created only once, which it did "
      "before: it is not trusted again: see docs/object-storage.md, \"One host writes\"",
      storage.display_name());
  return keep_note({.proof = FenceProof::kBroken, .time = now}, files, location);
}

std::uint64_t random_seed() {
  std::array<std::byte, sizeof(std::uint64_t)> random{};
  fill_random(random);
  std::uint64_t seed = 0;
  std::memcpy(&seed, random.data(), sizeof seed);
  return seed;
}

// One blob stays in the bucket, so that only the first trial ever takes two requests.
std::optional<Created> try_fence(Storage& storage) {
  const BlobName name("probe", "fence");
  std::array<std::byte, 16> random{};
  fill_random(random);
  const std::optional<Created> created = storage.try_create(name, random);
  if (created != Created::kYes) return created;
  fill_random(random);
  return storage.try_create(name, random);
}

// A storage that refuses the condition has no fence, which is not noted: it may refuse everything,
// for now, and that is reported by what comes next.
template <typename Result, typename Work>
Result unless_refused(const Work& work, Result refused) {
  try {
    return work();
  } catch (const StorageError& error) {
    if (error.trouble() != Trouble::kRefused) throw;
    base::log_debug("{}", error.what());
    return refused;
  }
}

}  // namespace

FenceNote load_fence_note(base::FileSystem& files, const Location& location) {
  std::optional<FenceNote> note;
  const std::string trouble = base::why_unreadable([&] {
    const auto bytes = base::read_file(files, fence_file(location), kMaxFenceNote);
    if (bytes) note = parse_fence_note(base::to_text(*bytes), location);
  });
  if (!trouble.empty()) base::log_debug("{}", trouble);
  return note.value_or(FenceNote{});
}

FenceNote prove_fence(Storage& storage, base::FileSystem& files, const Location& location,
                      std::chrono::sys_seconds now) {
  const FenceNote earlier = load_fence_note(files, location);
  if (earlier.proof == FenceProof::kBroken) return earlier;
  const std::optional<bool> is_proven =
      unless_refused([&] { return std::optional(prove_creates_once(storage, random_seed())); },
                     std::optional<bool>());
  if (!is_proven) return {};
  if (!*is_proven && earlier.proof == FenceProof::kProven) {
    return note_broken(storage, files, location, now);
  }
  return keep_note({.proof = *is_proven ? FenceProof::kProven : FenceProof::kAbsent, .time = now},
                   files, location);
}

Fence open_fence(Storage& storage, base::FileSystem& files, const Location& location,
                 std::chrono::sys_seconds now) {
  if (location.fenced_bucket.empty() || storage.traits().creates_once) return Fence::kNone;
  FenceNote note = load_fence_note(files, location);
  if (is_due(note, now)) note = prove_fence(storage, files, location, now);
  if (note.proof != FenceProof::kProven) return Fence::kNone;
  const std::optional<Created> tried =
      unless_refused([&] { return try_fence(storage); }, std::optional<Created>());
  if (tried == Created::kYes) note_broken(storage, files, location, now);
  return tried == Created::kExists ? Fence::kTrusted : Fence::kNone;
}

}  // namespace store
