#include "restore/fresh_pass.h"

#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "base/terminal.h"
#include "restore/moment.h"

namespace restore {

namespace {

constexpr const char* kProgram = "mailstow-backupd";

[[noreturn]] void fail_pass(const std::string& account, base::ExitStatus status) {
  const std::string name = base::escape_for_terminal(account);
  if (status == base::ExitStatus::kBusy) {
    base::fail(
        base::ErrorCode::kBusy,
        "restore: {}: --missing needs a backup taken now, and another process is writing to the "
        "store: wait for it, or omit --missing",
        name);
  }
  base::fail(status == base::ExitStatus::kUsage     ? base::ErrorCode::kConfig
             : status == base::ExitStatus::kDamaged ? base::ErrorCode::kDamaged
                                                    : base::ErrorCode::kRefused,
             "restore: {}: --missing needs a backup taken now, and `{} once --account {}` failed: "
             "see above, or omit --missing",
             name, kProgram, name);
}

}  // namespace

SelectionOptions with_fresh_pass(const base::Environment& environment, store::Reader& reader,
                                 const std::string& account, SelectionOptions options) {
  if (!options.missing) return options;
  if (!environment.config.store.as_of.empty()) {
    base::fail(base::ErrorCode::kUsage,
               "restore: {}: --missing compares with a backup taken now, which a store as of an "
               "earlier commit does not have: use it without --as-of",
               base::escape_for_terminal(account));
  }
  // Chosen before the pass: the snapshot that the pass makes lacks the missing messages.
  ChosenSnapshot chosen = choose_snapshot(environment, reader, account, options.at);
  options.at = chosen.snapshot.id.hex();
  options.passed_over = std::move(chosen.passed_over);
  const auto before = reader.newest_snapshot(account);
  base::log_info("{}: backing up first, to find what is missing",
                 base::escape_for_terminal(account));
  const int raw_status =
      base::status_of({base::sibling_program(kProgram), "--config",
                       environment.config_file.string(), "--quiet", "once", "--account", account});
  const auto status = static_cast<base::ExitStatus>(raw_status);
  if (status != base::ExitStatus::kDone && status != base::ExitStatus::kPartial) {
    fail_pass(account, status);
  }
  const auto now = reader.newest_snapshot(account);
  if (!now || (before && now->sequence <= before->sequence))
    fail_pass(account, base::ExitStatus::kNothingDone);
  if (now->status != store::SnapshotStatus::kComplete) {
    base::log_warning(
        "{}: parts of the account could not be read just now: for those, the backup before is "
        "compared",
        base::escape_for_terminal(account));
  }
  options.missing_from = now->id.hex();
  return options;
}

}  // namespace restore
