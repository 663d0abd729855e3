#include "store/keys/key_file.h"

#include <string>
#include <string_view>

#include <fmt/core.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/finally.h"
#include "base/secret.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr std::uint64_t kMaxKeyFile = 65'536;
constexpr std::string_view kExplanation =
    "# The key of a mailstow store. Nothing in the store can be read without it.\n"
    "# Keep a copy in another place, away from the store.\n";

std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  return line;
}

}  // namespace

std::optional<Key> parse_key_file(base::ByteView bytes) {
  std::string_view text = base::as_text(bytes);
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (line.empty() || line.front() == '#') continue;
    std::optional<base::Bytes> key = base::from_hex(line);
    if (!key) break;
    const base::Finally wiped([&] { base::wipe(*key); });
    if (key->size() == Key::kSize) return Key(*key);
    break;
  }
  return std::nullopt;
}

Key load_key_file(base::FileSystem& files, const base::Path& path) {
  std::optional<base::Bytes> bytes;
  try {
    bytes = base::read_file(files, path, kMaxKeyFile, base::Links::kFollow);
  } catch (const base::Error& error) {
    if (error.code() != ErrorCode::kDamaged && error.code() != ErrorCode::kConfig) throw;
    fail(ErrorCode::kKey, "read key file: {}", error.what());
  }
  const base::Finally wiped([&] {
    if (bytes) base::wipe(*bytes);
  });
  if (!bytes) {
    fail(ErrorCode::kKey,
         "read key file {}: not found: restore your copy of it, the store can't be opened "
         "without it",
         path.string());
  }
  if (const std::optional<Key> key = parse_key_file(*bytes)) return *key;
  fail(ErrorCode::kKey,
       "read key file {}: it has no line of 64 hex digits, so it is not a key file", path.string());
}

void create_key_file(base::FileSystem& files, const base::Path& path) {
  if (files.open_through_links(path)) return;
  base::make_directories(files, path.parent_path());
  std::string digits = base::to_hex(random_key().view());
  std::string text = fmt::format("{}{}\n", kExplanation, digits);
  const base::Finally wiped([&] {
    base::wipe(digits);
    base::wipe(text);
  });
  base::write_file(files, path, base::as_bytes(text), base::OnExisting::kFail);
}

}  // namespace store
