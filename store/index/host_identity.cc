#include "store/index/host_identity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string_view>

#include <fmt/core.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/clock_sighting.h"
#include "base/error.h"
#include "base/log.h"
#include "store/format/crypto.h"
#include "store/format/encoding.h"
#include "store/format/layout.h"

namespace store {

namespace {

constexpr std::uint64_t kMaxIdentityText = 256;  // bytes
constexpr std::size_t kRandomDigits = 32;
constexpr std::chrono::minutes kStartSlack{5};
constexpr std::int64_t kLatestStart = 253'402'300'799;  // the end of the year 9999

std::string first_line(std::string text) {
  text.resize(std::min(text.find('\n'), text.size()));
  return text;
}

// The content of the file beside the index.
struct NotedIdentity {
  std::string random;  // in hex
  std::chrono::sys_seconds started;
  std::string start;
};

// "RANDOM STARTED START"
std::optional<NotedIdentity> parse_identity(std::string_view text) {
  if (text.size() <= kRandomDigits || text[kRandomDigits] != ' ') return std::nullopt;
  NotedIdentity noted{
      .random = std::string(text.substr(0, kRandomDigits)), .started = {}, .start = {}};
  if (!base::from_hex(noted.random)) return std::nullopt;
  text.remove_prefix(kRandomDigits + 1);
  std::int64_t started = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, started);
  if (error != std::errc() || stopped == end || *stopped != ' ') return std::nullopt;
  if (started < -kLatestStart || started > kLatestStart) return std::nullopt;
  noted.started = std::chrono::sys_seconds(std::chrono::seconds(started));
  noted.start = std::string(stopped + 1, end);
  return noted;
}

std::string format_identity(const std::string& random, const Machine& machine) {
  return fmt::format("{} {} {}\n", random, machine.started.time_since_epoch().count(),
                     machine.start);
}

std::optional<NotedIdentity> noted_identity(base::FileSystem& files, const base::Path& path) {
  std::string text;
  const std::string trouble = base::why_unreadable([&] {
    const auto bytes = base::read_file(files, path, kMaxIdentityText);
    if (bytes) text = first_line(base::to_text(*bytes));
  });
  if (!trouble.empty()) base::log_debug("{}", trouble);
  return parse_identity(text);
}

// If the clock was set meanwhile, this may look like another start, which costs an owner record.
bool is_same_start(const NotedIdentity& noted, const Machine& machine) {
  if (!noted.start.empty() && !machine.start.empty()) return noted.start == machine.start;
  return noted.started - kStartSlack <= machine.started &&
         machine.started <= noted.started + kStartSlack;
}

HostId host_id(const Machine& machine, const std::string& random) {
  Encoder encoder;
  encoder.text("mailstow host");
  encoder.text(machine.id);
  encoder.text(random);
  const auto digest = checksum(encoder.view());
  HostId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

}  // namespace

Machine this_machine(base::FileSystem& files, const base::Clock& clock) {
  Machine machine;
  try {
    const auto id =
        base::read_file(files, "/etc/machine-id", kMaxIdentityText, base::Links::kFollow);
    if (id) machine.id = first_line(base::to_text(*id));
  } catch (const base::Error& error) {  // the random number alone distinguishes it
    base::log_debug("{}", error.what());
  }
  const base::ClockSighting sighting = base::see_clock(clock);
  machine.start = sighting.start;
  machine.started = sighting.time - sighting.since_start;
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) machine.name = name.data();
  return machine;
}

HostIdentity identify_host(base::FileSystem& files, const Location& location,
                           const Machine& machine) {
  const base::Path path = host_identity_file(location);
  const std::optional<NotedIdentity> noted = noted_identity(files, path);
  HostIdentity identity{
      .id = {}, .name = machine.name, .earlier = std::nullopt, .is_first = !noted};
  if (noted && is_same_start(*noted, machine)) {
    identity.id = host_id(machine, noted->random);
    return identity;
  }
  if (noted) identity.earlier = host_id(machine, noted->random);
  std::array<std::byte, kRandomDigits / 2> random{};
  fill_random(random);
  const std::string digits = base::to_hex(random);
  base::write_file(files, path, base::as_bytes(format_identity(digits, machine)),
                   base::OnExisting::kReplace);
  identity.id = host_id(machine, digits);
  return identity;
}

std::optional<HostId> noted_host(base::FileSystem& files, const Location& location,
                                 const Machine& machine) {
  const std::optional<NotedIdentity> noted = noted_identity(files, host_identity_file(location));
  if (!noted) return std::nullopt;
  return host_id(machine, noted->random);
}

}  // namespace store
