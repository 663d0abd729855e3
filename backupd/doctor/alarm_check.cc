#include <optional>
#include <utility>

#include <fmt/core.h>

#include "backupd/doctor/checks.h"
#include "backupd/report/alarms.h"
#include "backupd/report/overdue_trees.h"
#include "backupd/report/shared_alarms.h"
#include "base/error.h"
#include "base/reporting/last_sweep.h"
#include "base/shell_quote.h"
#include "base/terminal.h"
#include "store/format/location.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace backupd {

namespace {

std::optional<store::Reader> open_if_possible(const base::Environment& environment) {
  try {
    return store::Reader::open(store::location_of(environment.config.store), environment.files);
  } catch (const base::Error&) {
    return std::nullopt;
  }
}

std::string what_to_do(AlarmKind kind, const std::string& account_name) {
  const std::string account = base::shell_quoted(account_name);
  switch (kind) {
    case AlarmKind::kMassDeletion:
      return fmt::format(
          "check `mailstow-restore vanished {0}`, then run mailstow-backupd acknowledge {0}",
          account);
    case AlarmKind::kStranger:
      return fmt::format(
          "find out who owns it now; if still the same person, run mailstow-backupd acknowledge {}",
          account);
    case AlarmKind::kNoProgress:
      return fmt::format(
          "run mailstow-backupd once --account {0} to see why; mailstow-backupd acknowledge {0} "
          "FOLDER UID accepts that a message can't be fetched",
          account);
    case AlarmKind::kStale:
      break;
  }
  return fmt::format("run mailstow-backupd once --account {} to see why", account);
}

}  // namespace

std::vector<Finding> check_alarms(const base::Environment& environment) {
  const base::Config& config = environment.config;
  std::optional<store::Reader> reader = open_if_possible(environment);
  if (!reader) return {};
  const auto acknowledged = base::Acknowledgements::load(environment.files, config.store);
  const auto now = environment.clock.now_seconds();
  std::vector<AccountAlarm> raised;
  for (const base::AccountConfig& account : config.accounts) {
    for (Alarm& alarm : alarms_of(*reader, account.name, config.guards, acknowledged, now)) {
      raised.push_back({account.name, std::move(alarm)});
    }
  }
  std::vector<Finding> findings;
  constexpr std::size_t kMaxShown = 6;
  for (const SharedAlarm& alarm : shared_alarms(raised, kMaxShown)) {
    findings.push_back(failure("alarm", names_of_accounts(alarm), alarm.text,
                               what_to_do(alarm.kind, alarm.accounts.front())));
  }
  const auto trees =
      store::TreeRecords::open(store::location_of(config.store), environment.files).list();
  const std::string overdue =
      overdue_alarm(trees.records, base::last_sweep(environment.files, config.store, now), now);
  if (!overdue.empty()) {
    findings.push_back(
        failure("alarm", "trees", overdue,
                "run `mailstow-restore sweep`; a timer or the daemon must start it every hour"));
  } else if (const std::string due = describe_overdue(trees.records, now); !due.empty()) {
    findings.push_back(
        warning("alarm", "trees", due,
                "the next sweep should delete it; `mailstow-restore sweep --dry-run` shows what it "
                "would do"));
  }
  if (findings.empty()) {
    findings.push_back(
        passed("alarm", "", "none in " + base::format_count(config.accounts.size(), "account")));
  }
  return findings;
}

}  // namespace backupd
