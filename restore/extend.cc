#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/output.h"
#include "restore/tree_lock.h"
#include "store/format/location.h"
#include "store/tree_record.h"

namespace restore {

namespace {

[[noreturn]] void fail_without_tree(const std::string& account, const std::string& tree) {
  base::fail(base::ErrorCode::kNotFound,
             "extend {}: account {} has no such tree: `mailstow-restore trees` lists the trees",
             base::escape_for_terminal(tree), base::escape_for_terminal(account));
}

// Returns the tree's id.
std::string find_tree(const store::TreeRecords& records, const std::string& account,
                      const std::string& tree) {
  for (const store::TreeRecord& record : records.list().records) {
    if (record.account == account && record.name == tree) return record.id;
  }
  fail_without_tree(account, tree);
}

}  // namespace

base::ExitStatus extend(const base::Environment& environment, const std::string& account,
                        const std::string& tree, std::chrono::seconds length) {
  const store::Location location = store::location_of(environment.config.store);
  auto records = store::TreeRecords::open(location, environment.files);
  const std::string id = find_tree(records, account, tree);
  // A run would overwrite this record with its own, and a sweep has begun to delete the tree.
  const auto lock = lock_tree(environment.files, location, id);
  if (lock == nullptr) {
    base::fail(base::ErrorCode::kBusy,
               "extend {}: a run or a sweep is working on it: try again when that has finished",
               base::escape_for_terminal(tree));
  }
  auto record = records.find(id);
  if (!record) fail_without_tree(account, tree);
  const auto now = environment.clock.now_seconds();
  record->expires = std::max(now, record->expires) + length;
  records.put(*record);
  print(environment.format,
        {{"account", account}, {"tree", tree}, {"expires", base::format_rfc3339(record->expires)}},
        fmt::format("{}: {} expires {}\n", base::escape_for_terminal(account),
                    base::escape_for_terminal(tree),
                    base::format_zoned(record->expires, environment.config.restore.time_zone)));
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
