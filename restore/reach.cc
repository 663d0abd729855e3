#include "restore/reach.h"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/id_text.h"
#include "base/log.h"
#include "base/time_text.h"
#include "restore/output.h"
#include "store/find_snapshot.h"
#include "store/format/location.h"
#include "store/maintenance/past_index.h"
#include "store/reach.h"
#include "store/reader.h"

namespace restore {

namespace {

// The commands that list accounts, or work on restored trees by their records, and the restore
// desk's.
constexpr std::array<std::string_view, 8> kWithoutHistory{
    "accounts", "trees", "extend", "expire", "sweep", "answer", "desk", "fork-server"};

base::Reach parse_reach(const base::Environment& environment, store::Reader& reader,
                        const std::string& account, const std::string& text) {
  if (!account.empty()) {
    if (const auto named = store::find_snapshot(reader, account, text)) {
      return {{account, named->sequence}};
    }
  }
  const auto now = environment.clock.now_seconds();
  const auto since = base::parse_time(text, environment.config.restore.time_zone, now);
  base::Reach reach;
  for (const std::string& name : account.empty() ? reader.accounts() : std::vector{account}) {
    reach[name] = store::first_made_since(reader.snapshots(name), since, now);
  }
  return reach;
}

// The commands that do not read the mail of the store, those that delete, and those for the restore
// page, which shows the newest state.
constexpr std::array<std::string_view, 7> kWithoutPast{"trees",  "extend", "expire",     "sweep",
                                                       "answer", "desk",   "fork-server"};

// The environment in which the store is as it was then, for the duration of the command.
base::ExitStatus carry_out_as_of(
    const base::Environment& given, const std::string& as_of,
    const std::function<base::ExitStatus(const base::Environment&)>& function) {
  const store::Location location = store::location_of(given.config.store);
  const store::WantedCommit wanted =
      store::parse_wanted_commit(as_of, given.config.restore.time_zone, given.clock.now_seconds());
  const store::OpenedPast past = store::open_past(location, given.files, wanted);
  if (!past.damage.empty()) base::log_warning("{}", store::past_warning(past));
  base::Environment environment = given;
  environment.config.store.past_index = past.location.past_index;
  environment.config.store.as_of = std::to_string(past.commit.number);
  const OutputHead head(store::past_text(past.commit) +
                            fmt::format("Commands that are suggested below need --as-of {} too.\n",
                                        past.commit.number),
                        {{"as_of", store::past_json(past)}});
  return function(environment);
}

void add_as_of(base::Command& command) {
  const auto as_of = std::make_shared<std::string>();
  command.declare = [as_of, declare = std::move(command.declare)](base::Options& declared) {
    declare(declared);
    declared.value("--as-of", *as_of, "COMMIT|TIME",
                   "Read the store as it was after this commit, or at this time");
  };
  command.function = [as_of,
                      function = std::move(command.function)](const base::Environment& given) {
    return as_of->empty() ? function(given) : carry_out_as_of(given, *as_of, function);
  };
}

void add_reach(base::Command& command) {
  const auto reach = std::make_shared<std::string>();
  command.declare = [reach, declare = std::move(command.declare)](base::Options& declared) {
    declare(declared);
    declared.value("--reach", *reach, "SNAPSHOT|TIME",
                   "Ignore everything older than this snapshot or time");
  };
  command.function = [reach, account = command.account,
                      function = std::move(command.function)](const base::Environment& given) {
    if (reach->empty()) return function(given);
    const base::Environment environment = bounded(given, account(), *reach);
    return function(environment);
  };
}

}  // namespace

base::Environment bounded(const base::Environment& environment, const std::string& account,
                          const std::string& reach) {
  base::Environment result = environment;
  store::Reader reader =
      store::Reader::open(store::location_of(environment.config.store), environment.files);
  try {
    result.config.store.reach = parse_reach(environment, reader, account, reach);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kUsage && error.code() != base::ErrorCode::kNotFound) {
      throw;
    }
    base::fail(
        base::ErrorCode::kUsage,
        "--reach: {}: give a time, or a snapshot of the account by its id or the first {} or "
        "more digits of it",
        error.what(), base::kMinIdDigits);
  }
  return result;
}

std::string as_of_option(const base::Environment& environment) {
  const std::string& number = environment.config.store.as_of;
  return number.empty() ? "" : " --as-of " + number;
}

std::vector<base::Command> as_of_a_commit(std::vector<base::Command> commands) {
  for (base::Command& command : commands) {
    if (std::ranges::find(kWithoutPast, command.name) == kWithoutPast.end()) add_as_of(command);
  }
  return commands;
}

std::vector<base::Command> within_reach(std::vector<base::Command> commands) {
  for (base::Command& command : commands) {
    if (std::ranges::find(kWithoutHistory, command.name) == kWithoutHistory.end()) {
      add_reach(command);
    }
  }
  return commands;
}

}  // namespace restore
