#include "restore/fresh_pass.h"

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
        "restore: {}: --missing needs a backup of this moment, and another process writes to "
        "the store: wait for it, or leave --missing out",
        name);
  }
  base::fail(status == base::ExitStatus::kUsage     ? base::ErrorCode::kConfig
             : status == base::ExitStatus::kDamaged ? base::ErrorCode::kDamaged
                                                    : base::ErrorCode::kRefused,
             "restore: {}: --missing needs a backup of this moment, and `{} once --account {}` "
             "failed: see above, or leave --missing out",
             name, kProgram, name);
}

}  // namespace

SelectionOptions with_fresh_pass(const base::Environment& environment, store::Reader& reader,
                                 const std::string& account, SelectionOptions options) {
  if (!options.missing) return options;
  // Before the pass: what that finds has nothing that is missing.
  options.at = choose_snapshot(environment, reader, account, options.at).id.hex();
  const auto begin = environment.clock.now_seconds();
  base::log_info("{}: a backup first, to see what is missing", base::escape_for_terminal(account));
  const int status =
      base::status_of({base::program_beside_us(kProgram), "--config",
                       environment.config_file.string(), "--quiet", "once", "--account", account});
  const auto told = static_cast<base::ExitStatus>(status);
  if (told != base::ExitStatus::kDone && told != base::ExitStatus::kPartial) {
    fail_pass(account, told);
  }
  const auto now = reader.newest_snapshot(account);
  if (!now || now->time < begin) fail_pass(account, base::ExitStatus::kNothingDone);
  if (now->status != store::SnapshotStatus::kComplete) {
    base::log_warning(
        "{}: not all of the account could be read just now: of that the backup before is compared",
        base::escape_for_terminal(account));
  }
  options.missing_from = now->id.hex();
  return options;
}

}  // namespace restore
