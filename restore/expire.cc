#include <memory>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/output.h"
#include "restore/tree_account.h"
#include "restore/tree_choice.h"
#include "restore/tree_lock.h"
#include "restore/tree_times.h"
#include "store/format/location.h"
#include "store/tree_record.h"

namespace restore {

base::ExitStatus expire(const base::Environment& environment, const ExpireOptions& options) {
  const store::Location location = store::location_of(environment.config.store);
  auto records = store::TreeRecords::open(location, environment.files, environment.clock);
  const std::string id =
      find_tree(environment.config, records, "expire", options.account, options.tree).id;
  // A run would write its record again.
  const auto lock = lock_tree(environment.files, location, id);
  if (lock == nullptr) {
    base::fail(base::ErrorCode::kBusy,
               "expire {}: a run or a sweep is working on it: try again when that has finished",
               base::escape_for_terminal(options.tree));
  }
  auto record = records.find(id);
  if (!record) fail_without_tree(environment.config, "expire", options.account, options.tree, {});
  take_over(environment, records, "expire", *record);
  const std::string account = base::escape_for_terminal(record->account);
  const std::string name = base::escape_for_terminal(record->name);
  std::string text;
  if (options.forget_record) {
    records.remove(id);
    remove_tree_lock(environment.files, location, id);
    text = fmt::format(
        "{}: {}: its record is removed: its folders stay, mailstow no longer deletes them, and "
        "backups include them\n",
        account, name);
  } else {
    const std::string why =
        find_tree_account(environment.config, environment.files, *record).unreachable;
    auto reader = open_for_times(environment);
    record = made_due(*record, source_snapshots(reader ? &*reader : nullptr, *record),
                      environment.clock.now_seconds());
    records.put(*record);
    text =
        fmt::format("{}: {} is due: {}\n", account, name,
                    why.empty() ? "the next sweep deletes it" : "no sweep can delete it: " + why);
  }
  print_report(environment.format,
               {{"account", record->account},
                {"tree", record->name},
                {"expires", base::format_rfc3339(record->expires)},
                {"record_removed", options.forget_record}},
               text);
  return base::ExitStatus::kDone;
}

base::Command expire_command() {
  const auto options = std::make_shared<ExpireOptions>();
  return {
      .name = "expire",
      .help = "Make a tree due, so that the next sweep deletes it",
      .declare =
          [options](base::Options& declared) {
            declared.argument("NAME", options->account, "The account").required();
            declared.argument("TREE", options->tree, "The tree, as `trees` prints it").required();
            declared.flag("--forget-record", options->forget_record,
                          "Remove only its record: its folders stay in the mailbox");
          },
      .is_audited = base::always,
      .account = [options] { return options->account; },
      .function = [options](const auto& environment) { return expire(environment, *options); }};
}

}  // namespace restore
