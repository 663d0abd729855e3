#include "backupd/report/copy_states.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace backupd {

namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kMaxCopyStates = std::uint64_t{1} << 20;  // bytes
constexpr std::chrono::seconds kMaxWaitForLock{10};
constexpr std::chrono::milliseconds kBetweenAttempts{20};

base::Path copy_states_file(const base::StoreConfig& store) {
  return store.index / "copies.json";
}

void warn_of_lost_states(const base::StoreConfig& store, std::string_view why) {
  base::log_warning("{}: {}: the next `mailstow-backupd copy` writes it again",
                    copy_states_file(store).string(), why);
}

ordered_json to_json(const CopyState& state) {
  ordered_json entry = {{"commit", state.commit},
                        {"commit_id", state.commit_id},
                        {"commit_time", state.commit_time.time_since_epoch().count()},
                        {"seen", state.seen.time_since_epoch().count()},
                        {"behind", state.behind},
                        {"complete", state.is_complete},
                        {"has_begun", state.has_begun},
                        {"accepted_slots", state.accepted_slots}};
  if (state.held) {
    entry["held"] = {{"number", state.held->number},
                     {"id", state.held->id},
                     {"reasons", state.held->reasons},
                     {"together", state.held->is_together}};
  }
  return entry;
}

// A time that can be printed, up to the year 9999: others make date functions overflow.
std::chrono::sys_seconds time_in(const ordered_json& entry, const char* key) {
  constexpr std::int64_t kMaxTime = 253'402'300'799;
  const auto time = entry.at(key).get<std::int64_t>();
  if (time < 0 || time > kMaxTime) {
    base::fail(base::ErrorCode::kDamaged, "{} is not a time", key);
  }
  return std::chrono::sys_seconds(std::chrono::seconds(time));
}

CopyState parse_state(const ordered_json& entry) {
  CopyState state;
  state.commit = entry.at("commit").get<std::uint64_t>();
  state.commit_id = entry.at("commit_id").get<std::string>();
  state.commit_time = time_in(entry, "commit_time");
  state.seen = time_in(entry, "seen");
  state.behind = entry.at("behind").get<std::uint64_t>();
  state.is_complete = entry.value("complete", false);
  state.has_begun = entry.value("has_begun", false);
  state.accepted_slots = entry.at("accepted_slots").get<std::set<std::string>>();
  if (entry.contains("held")) {
    const ordered_json& held = entry.at("held");
    state.held = {.number = held.at("number").get<std::uint64_t>(),
                  .id = held.at("id").get<std::string>(),
                  .reasons = held.at("reasons").get<std::vector<std::string>>(),
                  .is_together = held.value("together", false)};
  }
  return state;
}

ordered_json load_document(base::FileSystem& files, const base::StoreConfig& store) {
  try {
    const auto bytes = base::read_file(files, copy_states_file(store), kMaxCopyStates);
    if (!bytes) return ordered_json::object();
    ordered_json document = base::parse_json(base::as_text(*bytes));
    if (document.is_object()) return document;
    warn_of_lost_states(store, "the file is damaged");
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
    warn_of_lost_states(store, error.what());
  }
  return ordered_json::object();
}

std::unique_ptr<base::FileLock> lock_copy_states(base::FileSystem& files, base::Clock& clock,
                                                 const base::StoreConfig& store) {
  const base::Path path = store.index / "copies.lock";
  const auto end = clock.steady_now() + kMaxWaitForLock;
  for (;;) {
    std::unique_ptr<base::FileLock> lock = files.try_lock(path, base::LockMode::kExclusive);
    if (lock) return lock;
    if (clock.steady_now() >= end) {
      base::fail(base::ErrorCode::kBusy, "lock {}: another mailstow process holds it",
                 path.string());
    }
    clock.sleep_for(kBetweenAttempts);
  }
}

bool was_complete(const CopyState& state) {
  return state.seen != std::chrono::sys_seconds();
}

const CopyState* state_of(const CopyStates& states, const std::string& copy) {
  const auto found = states.find(copy);
  return found == states.end() ? nullptr : &found->second;
}

}  // namespace

CopyStates load_copy_states(base::FileSystem& files, const base::StoreConfig& store) {
  CopyStates states;
  const ordered_json document = load_document(files, store);
  for (const auto& [name, entry] : document.items()) {
    try {
      states.emplace(name, parse_state(entry));
    } catch (const std::exception&) {  // of another type, or out of range
      warn_of_lost_states(store, "the entry of a copy is damaged");
    }
  }
  return states;
}

void save_copy_states(base::FileSystem& files, const base::StoreConfig& store,
                      const CopyStates& states) {
  ordered_json document = ordered_json::object();
  for (const auto& [name, state] : states) document[name] = to_json(state);
  base::write_file(files, copy_states_file(store), base::as_bytes(base::json_line(document) + "\n"),
                   base::OnExisting::kReplace);
}

void update_copy_states(base::FileSystem& files, base::Clock& clock, const base::StoreConfig& store,
                        const std::function<void(CopyStates&)>& change) {
  const std::unique_ptr<base::FileLock> lock = lock_copy_states(files, clock, store);
  CopyStates states = load_copy_states(files, store);
  change(states);
  save_copy_states(files, store, states);
}

std::uint64_t commits_behind(const CopyState& state, std::uint64_t highest) {
  return std::max(state.behind, highest > state.commit ? highest - state.commit : 0);
}

std::string copy_alarm(const std::string& copy, const CopyState* state,
                       std::chrono::sys_seconds now) {
  if (state == nullptr) {
    return fmt::format("copy {} was never made: run mailstow-backupd copy {}", copy, copy);
  }
  if (state->held) return describe_held(copy, *state);
  if (!was_complete(*state)) {
    return fmt::format("copy {} was never complete: run mailstow-backupd copy {}", copy, copy);
  }
  if (base::is_in_future(state->seen, now)) {
    return fmt::format(
        "copy {} seems to have been brought up to date in the future, {}: the clock was ahead "
        "then, or is behind now: run mailstow-backupd copy {}",
        copy, base::shown_time(state->seen), copy);
  }
  if (now - state->seen <= kCopyAlarmAfter) return "";
  return fmt::format("copy {} was last brought up to date {}: run mailstow-backupd copy {}", copy,
                     base::shown_time(state->seen), copy);
}

ordered_json copies_document(const std::vector<base::CopyConfig>& copies, const CopyStates& states,
                             std::uint64_t highest, std::chrono::sys_seconds now) {
  ordered_json list = ordered_json::array();
  for (const base::CopyConfig& copy : copies) {
    const CopyState* const state = state_of(states, copy.name);
    const std::string alarm = copy_alarm(copy.name, state, now);
    ordered_json entry = {{"copy", copy.name},
                          {"location", copy.display_name()},
                          {"commit", nullptr},
                          {"commit_time", nullptr},
                          {"commits_behind", nullptr},
                          {"last_copied", nullptr},
                          {"alarm", alarm.empty() ? ordered_json() : ordered_json(alarm)}};
    if (state != nullptr) {
      entry["commit"] = state->commit;
      if (state->commit > 0) entry["commit_time"] = base::format_rfc3339(state->commit_time);
      entry["commits_behind"] = commits_behind(*state, highest);
      if (was_complete(*state)) entry["last_copied"] = base::format_rfc3339(state->seen);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

std::string copies_text(const std::vector<base::CopyConfig>& copies, const CopyStates& states,
                        std::uint64_t highest, std::chrono::sys_seconds now) {
  if (copies.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const base::CopyConfig& copy : copies) {
    const CopyState* const state = state_of(states, copy.name);
    const bool has_commit = state != nullptr && state->commit > 0;
    const bool has_time = state != nullptr && was_complete(*state);
    rows.push_back({copy.name, has_time ? base::shown_time(state->seen) : "never",
                    has_commit ? base::shown_time(state->commit_time) : "",
                    state != nullptr ? base::format_count(commits_behind(*state, highest)) : "",
                    copy.display_name()});
  }
  std::string text = base::format_table({{"COPY"},
                                         {"LAST COPIED"},
                                         {"STATE OF"},
                                         {"COMMITS BEHIND", base::Align::kRight},
                                         {"LOCATION"}},
                                        rows, base::output_room());
  for (const std::string& alarm : copy_alarms(copies, states, now))
    text += "ALARM: " + alarm + "\n";
  return text + "\n";
}

std::vector<std::string> copy_alarms(const std::vector<base::CopyConfig>& copies,
                                     const CopyStates& states, std::chrono::sys_seconds now) {
  std::vector<std::string> alarms;
  for (const base::CopyConfig& copy : copies) {
    std::string alarm = copy_alarm(copy.name, state_of(states, copy.name), now);
    if (!alarm.empty()) alarms.push_back(std::move(alarm));
  }
  return alarms;
}

std::string describe_held(const std::string& copy, const CopyState& state) {
  constexpr std::size_t kShownDigits = 16;
  const std::string id = state.held->id.substr(0, kShownDigits);
  return fmt::format(
      "copy {} stays at commit {}: commit {} ({}) is not followed: {}: if that is right, run "
      "mailstow-backupd copy {} --accept {}",
      copy, state.commit, state.held->number, id, fmt::join(state.held->reasons, "; "), copy, id);
}

}  // namespace backupd
