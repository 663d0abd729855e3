#include "store/maintenance/check_log.h"

#include <charconv>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/atomic_file.h"
#include "base/clock.h"
#include "store/format/layout.h"

namespace store {

namespace {

constexpr std::uint64_t kMaxLog = std::uint64_t{64} << 20;  // of 800,000 packs: 50 TB

std::int64_t since_epoch(std::chrono::sys_seconds time) {
  return time.time_since_epoch().count();
}

std::optional<std::chrono::sys_seconds> parse_moment(std::string_view text) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(value));
}

// The text before and after the first space.
std::pair<std::string_view, std::string_view> cut(std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return {line, {}};
  return {line.substr(0, space), line.substr(space + 1)};
}

std::optional<CheckLog> parse(std::string_view text) {
  CheckLog log;
  for (bool is_first = true; !text.empty(); is_first = false) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const auto [left, right] = cut(text.substr(0, end));
    text.remove_prefix(end + 1);
    const std::optional<std::chrono::sys_seconds> time = parse_moment(right);
    if (!time) return std::nullopt;
    if (is_first) {
      const std::optional<std::chrono::sys_seconds> began = parse_moment(left);
      if (!began) return std::nullopt;
      log.began = *began;
      log.finished = *time;
      continue;
    }
    const std::optional<ObjectId> digits = ObjectId::from_hex(left);
    if (!digits) return std::nullopt;
    log.read[Sha256{digits->bytes}] = *time;
  }
  return log;
}

}  // namespace

std::set<Sha256> CheckLog::read_since_began() const {
  std::set<Sha256> packs;
  for (const auto& [pack, time] : read) {
    if (time >= began) packs.insert(pack);
  }
  return packs;
}

CheckLog CheckLog::without_future(std::chrono::sys_seconds now) const {
  const auto is_in_future = [&](std::chrono::sys_seconds time) {
    return base::is_in_future(time, now);
  };
  CheckLog log = *this;
  if (is_in_future(began) || is_in_future(finished)) log.began = log.finished = {};
  std::erase_if(log.read, [&](const auto& entry) { return is_in_future(entry.second); });
  return log;
}

CheckLog CheckLog::load(base::FileSystem& files, const Location& location) {
  const std::optional<base::Bytes> bytes =
      base::read_file(files, check_log_file(location), kMaxLog);
  return bytes ? parse(base::as_text(*bytes)).value_or(CheckLog()) : CheckLog();
}

void CheckLog::save(base::FileSystem& files, const Location& location) const {
  fmt::memory_buffer text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "{} {}\n", since_epoch(began), since_epoch(finished));
  for (const auto& [pack, time] : read)
    fmt::format_to(out, "{} {}\n", pack.hex(), since_epoch(time));
  base::write_file(files, check_log_file(location),
                   base::as_bytes(std::string_view(text.data(), text.size())),
                   base::OnExisting::kReplace);
}

}  // namespace store
