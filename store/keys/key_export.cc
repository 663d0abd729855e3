#include "store/keys/key_export.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/error.h"
#include "base/finally.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr std::size_t kLineBytes = 16;
constexpr std::size_t kChecksumBytes = 2;
constexpr std::size_t kMaxExportLine = 80;
constexpr std::array<std::string_view, 3> kLabels = {"store", "key-1", "key-2"};

constexpr std::string_view kPrintedExplanation =
    "# The master key of a mailstow store. Anyone who has this and the store can read all mail in "
    "it;\n"
    "# if every key file is lost, nothing else can. Keep it away from both.\n"
    "# To use it, put the three lines below into a file and run\n"
    "#   mailstow-backupd key add --from-export FILE\n";

base::Bytes line_checksum(std::string_view label, base::ByteView bytes) {
  base::Bytes all;
  all.reserve(label.size() + bytes.size());  // bytes that grow leave copies
  std::ranges::copy(base::as_bytes(label), std::back_inserter(all));
  all.insert(all.end(), bytes.begin(), bytes.end());
  const auto sum = checksum(all);
  base::wipe(all);
  return {sum.begin(), sum.begin() + kChecksumBytes};
}

std::string format_line(std::string_view label, base::ByteView bytes) {
  constexpr std::size_t kGroup = 4;
  std::string line(label);
  std::string digits = base::to_hex(bytes);
  line.reserve(kMaxExportLine);
  for (std::size_t i = 0; i < digits.size(); i += kGroup) {
    line += ' ';
    line.append(digits, i, kGroup);
  }
  base::wipe(digits);
  return line.append("  ").append(base::to_hex(line_checksum(label, bytes))).append("\n");
}

std::optional<base::Bytes> parse_line(std::string_view label, std::string_view line) {
  std::string digits;
  digits.reserve(line.size());  // a text that grows leaves copies
  const base::Finally wiped([&] { base::wipe(digits); });
  for (const char each : line) {
    if (each != ' ' && each != '\t' && each != '-' && each != '\r') digits += each;
  }
  std::optional<base::Bytes> bytes = base::from_hex(digits);
  if (!bytes || bytes->size() != kLineBytes + kChecksumBytes) return std::nullopt;
  const base::Bytes sum(bytes->begin() + kLineBytes, bytes->end());
  bytes->resize(kLineBytes);
  if (line_checksum(label, *bytes) != sum) return std::nullopt;
  return bytes;
}

base::Bytes find_line(std::string_view text, std::string_view label) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (!line.starts_with(label)) continue;
    if (auto bytes = parse_line(label, line.substr(label.size()))) return *std::move(bytes);
    fail(ErrorCode::kKey, "read exported key: the line \"{}\" is mistyped: compare its digits",
         label);
  }
  fail(ErrorCode::kKey, "read exported key: the line \"{}\" is missing", label);
}

}  // namespace

base::Secret format_key_export(const OpenedStore& opened) {
  const base::ByteView key = opened.master.view();
  std::string text(kPrintedExplanation);
  text.reserve(text.size() + kLabels.size() * kMaxExportLine);
  const auto add = [&](std::string_view label, base::ByteView bytes) {
    std::string line = format_line(label, bytes);
    text += line;
    base::wipe(line);
  };
  add(kLabels[0], opened.store);
  add(kLabels[1], key.first(kLineBytes));
  add(kLabels[2], key.subspan(kLineBytes));
  return base::Secret(std::move(text));
}

OpenedStore parse_key_export(base::ByteView text) {
  OpenedStore opened;
  std::ranges::copy(find_line(base::as_text(text), kLabels[0]), opened.store.begin());
  base::Bytes key = find_line(base::as_text(text), kLabels[1]);
  key.reserve(Key::kSize);
  const base::Finally wiped([&] { base::wipe(key); });
  base::Bytes rest = find_line(base::as_text(text), kLabels[2]);
  key.insert(key.end(), rest.begin(), rest.end());
  base::wipe(rest);
  opened.master = Key(key);
  return opened;
}

}  // namespace store
