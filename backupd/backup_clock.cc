#include "backupd/backup_clock.h"

#include <algorithm>
#include <cstdint>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/json_text.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/clock_guard.h"

namespace backupd {

namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::uint64_t kMaxSighting = 4096;  // bytes
constexpr std::chrono::days kMaxLead{1};
constexpr std::chrono::days kMaxOff{14};  // that a machine is off is not reported until then

// A day or more.
std::string days_and_hours(seconds duration) {
  const auto whole = std::chrono::floor<std::chrono::days>(duration);
  const auto rest = std::chrono::floor<std::chrono::hours>(duration - whole);
  std::string text = base::format_count(static_cast<std::uint64_t>(whole.count()), "day");
  if (rest.count() > 0 && whole < kMaxOff) {
    text += " and " + base::format_count(static_cast<std::uint64_t>(rest.count()), "hour");
  }
  return text;
}

base::Path sighting_file(const base::StoreConfig& store) {
  return store.index / "clock.json";
}

}  // namespace

std::optional<base::ClockSighting> load_clock_sighting(base::FileSystem& files,
                                                       const base::StoreConfig& store) {
  const auto bytes = base::read_file(files, sighting_file(store), kMaxSighting);
  if (!bytes) return std::nullopt;
  const auto document = base::parse_json(base::as_text(*bytes));
  const auto has = [&](const char* key) {
    return document.contains(key) && document.at(key).is_number_integer();
  };
  if (!document.is_object() || !has("time") || !has("since_start")) return std::nullopt;
  const auto start = document.value("start", nlohmann::ordered_json());
  return base::ClockSighting{.time = sys_seconds(seconds(document.at("time").get<std::int64_t>())),
                             .since_start = seconds(document.at("since_start").get<std::int64_t>()),
                             .start = start.is_string() ? start.get<std::string>() : ""};
}

void save_clock_sighting(base::FileSystem& files, const base::StoreConfig& store,
                         const base::ClockSighting& sighting) {
  const nlohmann::ordered_json document = {{"time", sighting.time.time_since_epoch().count()},
                                           {"since_start", sighting.since_start.count()},
                                           {"start", sighting.start}};
  const std::string text = base::json_line(document) + "\n";
  base::write_file(files, sighting_file(store), base::as_bytes(text), base::OnExisting::kReplace);
}

std::vector<std::string> clock_troubles(const base::ClockSighting& now,
                                        const std::optional<base::ClockSighting>& last,
                                        std::span<const DatedBackup> newest) {
  std::vector<std::string> troubles;
  const auto is_later = [&](const DatedBackup& backup) {
    return base::is_in_future(backup.time, now.time);
  };
  const auto count = std::ranges::count_if(newest, is_later);
  if (count > 0) {
    const DatedBackup& latest = *std::ranges::max_element(newest, {}, &DatedBackup::time);
    troubles.push_back(fmt::format(
        "the system's clock shows {}, but the newest backup of {}{} is from {}: if the clock is "
        "behind, set it; if it was ahead then, nothing needs to be done: the new backup is the "
        "newest, whatever the times say",
        base::shown_time(now.time), latest.account,
        count > 1
            ? " and " + base::format_count(static_cast<std::uint64_t>(count - 1), "other account")
            : "",
        base::shown_time(latest.time)));
  }
  if (!last) return troubles;
  if (!now.is_same_start(*last)) {
    const seconds passed = now.time - last->time;
    const bool was_restarted = !now.start.empty() && !last->start.empty();
    if (was_restarted && passed > kMaxOff) {
      troubles.push_back(fmt::format(
          "the system's clock shows {}, {} after the last backup began at {}, and the machine "
          "was restarted since: if it was not off for so long, set the clock and back up again",
          base::shown_time(now.time), days_and_hours(passed), base::shown_time(last->time)));
    }
    return troubles;
  }
  const seconds lead = now.lead_over(*last);
  if (lead > kMaxLead + base::kClockSlack) {
    troubles.push_back(fmt::format(
        "the system's clock shows {}: since the last backup began at {} it has gained {}: if it is "
        "wrong, set it and back up again; if it was wrong before, nothing needs to be done",
        base::shown_time(now.time), base::shown_time(last->time), days_and_hours(lead)));
  }
  return troubles;
}

bool has_jumped_ahead(const base::ClockSighting& now, const base::ClockSighting& last) {
  if (now.time - last.time <= store::kMaxAhead) return false;
  if (now.start.empty()) return false;  // a doubt might never end
  return !now.is_same_start(last) || now.lead_over(last) > kMaxLead;
}

bool has_gone_back(const base::ClockSighting& now, const base::ClockSighting& last) {
  return now.time + base::kClockSlack < last.time;
}

}  // namespace backupd
