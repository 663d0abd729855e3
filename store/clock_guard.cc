#include "store/clock_guard.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/time_text.h"

namespace store {

namespace {

using base::ClockSighting;
using std::chrono::sys_seconds;

constexpr std::uint64_t kMaxFile = 4096;

std::optional<sys_seconds> later_of(std::optional<sys_seconds> one,
                                    std::optional<sys_seconds> other) {
  if (!one || !other) return one ? one : other;
  return std::max(*one, *other);
}

std::optional<sys_seconds> earlier_of(std::optional<sys_seconds> one,
                                      std::optional<sys_seconds> other) {
  if (!one || !other) return one ? one : other;
  return std::min(*one, *other);
}

std::string doubt_about(sys_seconds now, sys_seconds reference, std::string_view command) {
  return fmt::format(
      "the system's clock says {}, which is {} the last time that mailstow recorded ({}): if it is "
      "right, run `{} --now`, or run it again in an hour",
      base::shown_time(now), now < reference ? "before" : "more than two days after",
      base::shown_time(reference), command);
}

nlohmann::ordered_json number_or_null(std::optional<sys_seconds> time) {
  return time ? nlohmann::ordered_json(time->time_since_epoch().count()) : nlohmann::ordered_json();
}

std::optional<sys_seconds> remembered_time(const nlohmann::ordered_json& document,
                                           const char* key) {
  const auto found = document.find(key);
  if (found == document.end() || !found->is_number_integer()) return std::nullopt;
  return sys_seconds(std::chrono::seconds(found->get<std::int64_t>()));
}

// Earlier versions noted the doubted time only: then it is unknown whether the machine was
// restarted.
std::optional<ClockSighting> remembered_doubt(const nlohmann::ordered_json& document) {
  const std::optional<sys_seconds> time = remembered_time(document, "doubted");
  if (!time) return std::nullopt;
  ClockSighting doubted{.time = *time, .since_start = {}, .start = ""};
  const auto since_start = document.find("since_start");
  const auto start = document.find("start");
  if (since_start == document.end() || !since_start->is_number_integer() ||
      start == document.end() || !start->is_string()) {
    return doubted;
  }
  doubted.since_start = std::chrono::seconds(since_start->get<std::int64_t>());
  doubted.start = start->get<std::string>();
  return doubted;
}

std::optional<ClockSighting> remembered_trust(const nlohmann::ordered_json& document) {
  const auto trusted = document.find("trusted");
  if (trusted == document.end() || !trusted->is_object()) return std::nullopt;
  const std::optional<sys_seconds> time = remembered_time(*trusted, "time");
  const auto since_start = trusted->find("since_start");
  const auto start = trusted->find("start");
  if (!time || since_start == trusted->end() || !since_start->is_number_integer() ||
      start == trusted->end() || !start->is_string()) {
    return std::nullopt;
  }
  return ClockSighting{.time = *time,
                       .since_start = std::chrono::seconds(since_start->get<std::int64_t>()),
                       .start = start->get<std::string>()};
}

// Whether the clock, doubted at `begun`, has run on since then, instead of jumping once more.
bool has_run_on(const ClockSighting& now, const ClockSighting& begun) {
  const auto passed = now.time - begun.time;
  if (passed < kDoubtLasts || passed > kDoubtKept) return false;
  // The time for which the machine was off is unknown, but not that for which it has been on.
  if (!now.is_same_start(begun)) {
    return now.since_start >= kDoubtLasts && passed >= now.since_start - kDoubtLasts;
  }
  return now.since_start - begun.since_start >= kDoubtLasts &&
         std::chrono::abs(now.lead_over(begun)) <= kDoubtLasts;
}

// The clock has jumped ahead between `last` and `now`, or when the machine was started between
// them: the earliest time that it may have shown afterwards.
sys_seconds jumped_since(const ClockSighting& now, const ClockSighting& last) {
  const auto passed =
      now.is_same_start(last) ? now.since_start - last.since_start : now.since_start;
  return std::max(now.time - passed - base::kClockSlack, last.time);
}

// Whether the machine has run on since the clock was trusted, and less time has passed than the
// clock shows.
bool has_jumped(const ClockSighting& now, const ClockMemory& memory) {
  return memory.trusted && now.is_same_start(*memory.trusted) &&
         now.lead_over(*memory.trusted) > kMaxAhead;
}

// The records that say something about the clock. `is_certain_jump`: as has_jumped() finds it.
NewestRecords evidence_of(const ClockSighting& now, const NewestRecords& recorded,
                          const ClockMemory& memory, bool is_certain_jump) {
  const std::optional<sys_seconds> newest = recorded.newest();
  const bool is_future_overruled = newest && newest == memory.overruled;
  const auto credible = [&](std::optional<sys_seconds> time) -> std::optional<sys_seconds> {
    if (!time || is_certain_jump) return std::nullopt;
    // A time recorded by an overruled clock is no longer evidence.
    if (time == memory.overruled || (is_future_overruled && *time > now.time)) return std::nullopt;
    // Nor is one that the doubted clock gave to a backup: it agrees with itself.
    if (memory.ahead_since && *time >= *memory.ahead_since) return std::nullopt;
    return time;
  };
  NewestRecords evidence{credible(recorded.backup), credible(recorded.tree)};
  const bool has_other = evidence.backup || memory.last;
  if (evidence.tree && has_other && *evidence.tree <= now.time) evidence.tree.reset();
  return evidence;
}

// Whether a doubt that began then is not over yet, rather than a new one.
bool goes_on(const ClockSighting& now, const ClockSighting& begun) {
  const auto passed = now.time - begun.time;
  return passed >= std::chrono::seconds(0) && passed < kDoubtLasts && now.is_same_start(begun) &&
         std::chrono::abs(now.lead_over(begun)) <= kDoubtLasts;
}

// Without the present time: the same each hour, so that it is mailed once a day.
std::string unremembered_doubt(const base::Path& file, const std::string& why,
                               std::string_view command) {
  return fmt::format(
      "the system's clock is in doubt, and {} can't be written, without which no doubt ends: {}: "
      "mend that, or, if the clock is right, run `{} --now`",
      file.string(), why, command);
}

// The message of an error, with the name of the file in place of the temporary one, which differs
// each time.
std::string with_name_of(const base::Path& file, std::string message) {
  const std::string directory = (file.parent_path() / "").string();
  const auto begin = message.find(directory);
  if (begin == std::string::npos) return message;
  const auto end = message.find(": ", begin + directory.size());
  const std::string path = message.substr(begin, end - begin);
  if (!base::AtomicFile::is_temporary(path.substr(directory.size()))) return message;
  return message.replace(begin, path.size(), file.string());
}

}  // namespace

base::Path clock_memory_file(const Location& location) {
  return location.index / "sweeper.json";
}

std::optional<sys_seconds> NewestRecords::newest() const {
  return later_of(backup, tree);
}

ClockVerdict judge_clock(const ClockSighting& now, const NewestRecords& recorded,
                         const ClockMemory& memory, std::string_view command) {
  const std::optional<sys_seconds> newest = recorded.newest();
  const bool is_certain_jump = has_jumped(now, memory);
  const std::optional<sys_seconds> reference =
      later_of(evidence_of(now, recorded, memory, is_certain_jump).newest(), memory.last);
  const bool agrees = !reference || (now.time >= *reference && now.time - *reference <= kMaxAhead);
  if (agrees || (memory.doubted && has_run_on(now, *memory.doubted))) {
    const bool contradicts = newest && now.time < *newest;
    return {"",
            {now.time, std::nullopt, contradicts ? newest : memory.overruled, {}, now},
            ClockVerdict::Direction::kRight};
  }
  using Direction = ClockVerdict::Direction;
  ClockVerdict verdict{doubt_about(now.time, *reference, command), memory,
                       now.time < *reference ? Direction::kBehind
                       : is_certain_jump     ? Direction::kJumped
                                             : Direction::kLong};
  if (!memory.doubted || !goes_on(now, *memory.doubted)) verdict.memory.doubted = now;
  if (now.time > *reference) {
    verdict.memory.ahead_since = earlier_of(
        memory.ahead_since, is_certain_jump ? jumped_since(now, *memory.trusted) : now.time);
  }
  return verdict;
}

NewestRecords newest_records(Reader* reader, std::span<const TreeRecord> trees) {
  NewestRecords newest;
  for (const TreeRecord& tree : trees) newest.tree = later_of(newest.tree, tree.created);
  if (reader == nullptr) return newest;
  try {
    for (const std::string& account : reader->accounts()) {
      if (const auto snapshot = reader->newest_snapshot(account)) {
        newest.backup = later_of(newest.backup, snapshot->time);
      }
    }
  } catch (const base::Error& error) {
    base::log_debug("newest records: {}", error.what());
  }
  return newest;
}

NewestRecords newest_records(Reader& reader, const Location& location, base::FileSystem& files) {
  const auto trees = TreeRecords::open(location, files).list();
  return newest_records(&reader, trees.records);
}

JudgedClock judge_for_deletion(const Location& location, base::FileSystem& files,
                               const ClockSighting& now, const NewestRecords& recorded,
                               ClockDoubt doubt, std::string_view command) {
  const base::Path file = clock_memory_file(location);
  const ClockMemory before = load_clock_memory(files, file);
  ClockVerdict verdict = judge_clock(now, recorded, before, command);
  if (doubt == ClockDoubt::kOverrule) {
    verdict = {
        "", {now.time, std::nullopt, recorded.newest(), {}, now}, ClockVerdict::Direction::kRight};
  }
  if (doubt == ClockDoubt::kJudgeOnly) return {.doubt = verdict.doubt, .not_remembered = ""};
  try {
    base::make_directories(files, location.index);
    save_clock_memory(files, file, verdict.memory);
    return {.doubt = verdict.doubt, .not_remembered = ""};
  } catch (const base::Error& error) {
    if (!base::is_file_trouble(error.code())) throw;
    const bool is_in_doubt =
        doubt == ClockDoubt::kJudge && (!verdict.doubt.empty() || before.doubted.has_value());
    const std::string why = with_name_of(file, base::without_run_again(error.what()));
    return {.doubt = is_in_doubt ? unremembered_doubt(file, why, command) : "",
            .not_remembered = why};
  }
}

void warn_if_not_remembered(const JudgedClock& judged) {
  if (judged.not_remembered.empty()) return;
  base::log_warning("what was found about the clock is not recorded: {}", judged.not_remembered);
}

std::string doubt_about_clock(const Location& location, base::FileSystem& files,
                              const ClockSighting& now, const NewestRecords& recorded,
                              ClockDoubt doubt, std::string_view command) {
  JudgedClock judged = judge_for_deletion(location, files, now, recorded, doubt, command);
  warn_if_not_remembered(judged);
  return std::move(judged.doubt);
}

void begin_doubt(const Location& location, base::FileSystem& files, const ClockSighting& now,
                 const ClockSighting& last) {
  ClockMemory memory = load_clock_memory(files, clock_memory_file(location));
  // A sweep or prune may have trusted the clock since the machine was started.
  const bool is_trusted = memory.trusted && now.is_same_start(*memory.trusted) &&
                          std::chrono::abs(now.lead_over(*memory.trusted)) <= kDoubtLasts;
  if (is_trusted) return;
  const bool has_begun =
      memory.doubted && (goes_on(now, *memory.doubted) || has_run_on(now, *memory.doubted));
  const bool was_doubted = memory.ahead_since && last.time >= *memory.ahead_since;
  const bool is_behind = now.time < last.time;
  if (is_behind && was_doubted) return;  // it was ahead before, and this may be the right time
  if (!was_doubted) memory.last = later_of(memory.last, last.time);
  if (!has_begun) memory.doubted = now;
  if (!is_behind) memory.ahead_since = earlier_of(memory.ahead_since, jumped_since(now, last));
  save_clock_memory(files, clock_memory_file(location), memory);
}

ClockMemory load_clock_memory(base::FileSystem& files, const base::Path& file) {
  const auto bytes = base::read_file(files, file, kMaxFile);
  if (!bytes) return {};
  const auto document = base::parse_json(base::as_text(*bytes));
  if (!document.is_object()) return {};
  return {remembered_time(document, "last"), remembered_doubt(document),
          remembered_time(document, "overruled"), remembered_time(document, "ahead_since"),
          remembered_trust(document)};
}

void save_clock_memory(base::FileSystem& files, const base::Path& file, const ClockMemory& memory) {
  nlohmann::ordered_json document = {{"last", number_or_null(memory.last)},
                                     {"doubted", nullptr},
                                     {"overruled", number_or_null(memory.overruled)},
                                     {"ahead_since", number_or_null(memory.ahead_since)}};
  if (memory.doubted) {
    document["doubted"] = memory.doubted->time.time_since_epoch().count();
    document["since_start"] = memory.doubted->since_start.count();
    document["start"] = memory.doubted->start;
  }
  if (memory.trusted) {
    document["trusted"] = {{"time", memory.trusted->time.time_since_epoch().count()},
                           {"since_start", memory.trusted->since_start.count()},
                           {"start", memory.trusted->start}};
  }
  const std::string text = base::json_line(document) + "\n";
  base::write_file(files, file, base::as_bytes(text), base::OnExisting::kReplace);
}

}  // namespace store
