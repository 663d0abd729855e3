#include "restore/reach.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/id_text.h"
#include "base/time_text.h"
#include "store/find_snapshot.h"
#include "store/format/location.h"
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

std::vector<base::Command> within_reach(std::vector<base::Command> commands) {
  for (base::Command& command : commands) {
    if (std::ranges::find(kWithoutHistory, command.name) == kWithoutHistory.end()) {
      add_reach(command);
    }
  }
  return commands;
}

}  // namespace restore
