#include <chrono>
#include <memory>
#include <optional>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/new_tree.h"
#include "restore/output.h"
#include "restore/tree_choice.h"
#include "restore/tree_lock.h"
#include "restore/tree_times.h"
#include "store/format/location.h"
#include "store/tree_record.h"

namespace restore {

namespace {

void refuse_late_expiry(const base::Environment& environment, const store::TreeRecord& record) {
  const auto longest = environment.config.longest_stay_of(record.account);
  const auto last = latest_expiry(environment, record.account, record.created);
  if (record.expires <= last) return;
  const std::string& zone = environment.config.restore.time_zone;
  base::fail(base::ErrorCode::kUsage,
             "extend {}: it would expire {}, and may stay until {} at most, {} after it was made: "
             "extend it by less, or raise restore.longest_stay",
             base::escape_for_terminal(record.name), base::format_zoned(record.expires, zone),
             base::format_zoned(last, zone), base::format_duration(longest));
}

}  // namespace

base::ExitStatus extend(const base::Environment& environment, const std::string& account,
                        const std::string& tree, std::chrono::seconds length) {
  const store::Location location = store::location_of(environment.config.store);
  auto records = store::TreeRecords::open(location, environment.files, environment.clock);
  const std::string id = find_tree(environment.config, records, "extend", account, tree).id;
  // A run would overwrite this record with its own, and a sweep has begun to delete the tree.
  const auto lock = lock_tree(environment.files, location, id);
  if (lock == nullptr) {
    base::fail(base::ErrorCode::kBusy,
               "extend {}: a run or a sweep is working on it: try again when that has finished",
               base::escape_for_terminal(tree));
  }
  auto record = records.find(id);
  if (!record) fail_without_tree(environment.config, "extend", account, tree, {});
  take_over(environment, records, "extend", *record);
  const auto before = record->expires;
  auto reader = open_for_times(environment);
  record = extended(*record, source_snapshots(reader ? &*reader : nullptr, *record),
                    environment.clock.now_seconds(), length);
  refuse_late_expiry(environment, *record);
  records.put(*record);
  const std::string& zone = environment.config.restore.time_zone;
  print_report(
      environment.format,
      {{"account", account},
       {"tree", record->name},
       {"expired_before", base::format_rfc3339(before)},
       {"expires", base::format_rfc3339(record->expires)}},
      fmt::format("{}: {} expires {} (before: {})\n", base::escape_for_terminal(account),
                  base::escape_for_terminal(record->name),
                  base::format_zoned(record->expires, zone), base::format_zoned(before, zone)));
  return base::ExitStatus::kDone;
}

base::Command extend_command() {
  struct Arguments {
    std::string account;
    std::string tree;
    std::optional<std::chrono::seconds> duration;
  };
  const auto given = std::make_shared<Arguments>();
  return {.name = "extend",
          .help = "Extend a tree's expiry",
          .declare =
              [given](base::Options& declared) {
                declared.argument("NAME", given->account, "The account").required();
                declared.argument("TREE", given->tree, "The tree, as `trees` prints it").required();
                declared.argument("DURATION", given->duration, "As 7d").required();
              },
          .is_audited = base::always,
          .account = [given] { return given->account; },
          .function =
              [given](const auto& environment) {
                return extend(environment, given->account, given->tree, given->duration.value());
              }};
}

}  // namespace restore
