#include "store/maintenance/similarity.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/ascii.h"

namespace store {

namespace {

// A sender can choose texts with equal hashes: that costs room, not safety.
constexpr std::uint64_t kFactor = 0x9E3779B97F4A7C15;

constexpr std::uint64_t mixed_hash(std::uint64_t hash) {
  hash ^= hash >> 32U;
  hash *= kFactor;
  return hash ^ hash >> 29U;
}

constexpr std::uint64_t with_byte(std::uint64_t hash, unsigned char byte) {
  return (hash ^ byte) * kFactor;
}

constexpr bool is_of_word(unsigned char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= 'a' && byte <= 'z') || byte >= 0x80;
}

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = text.size();
  for (const char each : text)
    hash = with_byte(hash, static_cast<unsigned char>(base::to_lower(each)));
  return mixed_hash(hash);
}

// The value of a field without leading spaces, folded lines included, if `header` begins with it.
std::string_view value_at(std::string_view header, std::string_view name) {
  if (!base::starts_with_ignoring_case(header, name)) return {};
  header.remove_prefix(name.size());
  std::size_t end = header.find('\n');
  while (end < header.size() - 1 && (header[end + 1] == ' ' || header[end + 1] == '\t')) {
    end = header.find('\n', end + 1);
  }
  header = header.substr(0, end);
  const std::size_t begin = header.find_first_not_of(" \t\r\n");
  return begin == std::string_view::npos ? std::string_view() : header.substr(begin);
}

// The text between the last < and the > after it, or everything up to a space.
std::string_view address_in(std::string_view value) {
  if (const std::size_t begin = value.rfind('<'); begin != std::string_view::npos) {
    value.remove_prefix(begin + 1);
  }
  return value.substr(0, value.find_first_of("> \t\r\n"));
}

// In ascending order, each once.
class SmallestHashes {
 public:
  void add(std::uint64_t hash) {
    const auto end = hashes_.begin() + static_cast<std::ptrdiff_t>(count_);
    const auto place = std::lower_bound(hashes_.begin(), end, hash);
    if (place == hashes_.end() || (place != end && *place == hash)) return;
    if (count_ < hashes_.size()) ++count_;
    const auto new_end = hashes_.begin() + static_cast<std::ptrdiff_t>(count_);
    std::move_backward(place, new_end - 1, new_end);
    *place = hash;
  }

  std::span<const std::uint64_t> values() const { return std::span(hashes_).first(count_); }

 private:
  std::array<std::uint64_t, Features::kMax + 1> hashes_{};
  std::size_t count_ = 0;
};

}  // namespace

Features features_of_text(base::ByteView text) {
  SmallestHashes smallest;
  std::array<std::uint64_t, 3> words{};  // the last one first
  std::uint64_t word = 0;
  const auto end_word = [&] {
    words = {word, words[0], words[1]};
    word = 0;
    if (words[2] != 0)
      smallest.add(mixed_hash(mixed_hash(mixed_hash(words[0]) ^ words[1]) ^ words[2]));
  };
  for (const std::byte each : text) {
    const auto byte = std::to_integer<unsigned char>(each);
    if (is_of_word(byte)) {
      word = with_byte(word, byte);
    } else if (word != 0) {
      end_word();
    }
  }
  if (word != 0) end_word();
  const std::span<const std::uint64_t> hashes = smallest.values();
  Features features;
  for (std::size_t i = 1; i < hashes.size(); ++i) {
    features.add(mixed_hash(mixed_hash(hashes[i - 1]) ^ hashes[i]));
  }
  return features;
}

Features features_of_binary(base::ByteView binary, Compressor& probing) {
  constexpr std::size_t kMaxProbe = std::size_t{64} << 10;
  const std::size_t size = std::min(binary.size(), kMaxProbe);
  const base::ByteView middle = binary.subspan((binary.size() - size) / 2, size);
  Features features;
  if (!is_worthwhile(probing.compress(middle, BlockContent::kBinary).size(), middle.size())) {
    features.add(hash_of("can't be compressed"));
  }
  return features;
}

Features features_of_header(base::ByteView header) {
  std::string_view list;
  std::string_view sender;
  for (std::string_view rest = base::as_text(header); !rest.empty();) {
    if (list.empty()) list = value_at(rest, "List-Id:");
    if (sender.empty()) sender = value_at(rest, "From:");
    const std::size_t end = rest.find('\n');
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  const std::string_view address = address_in(sender);
  const std::size_t at = address.rfind('@');
  const std::string_view domain =
      at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
  const std::string_view origin = list.empty() ? domain : address_in(list);
  Features features;
  if (!origin.empty()) features.add(hash_of(origin));
  return features;
}

}  // namespace store
