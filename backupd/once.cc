#include <mutex>

#include "backupd/account_pass.h"
#include "backupd/account_queue.h"
#include "backupd/account_roll.h"
#include "backupd/acknowledgements.h"
#include "backupd/alarms.h"
#include "backupd/commands.h"
#include "backupd/pass_report.h"
#include "base/log.h"
#include "store/location.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace backupd {

namespace {

// Of messages between their receivers and the store.
constexpr std::size_t kMostInPipes = std::size_t{16} << 20;

void tell_alarms(const base::Surroundings& surroundings, store::Reader& reader,
                 const Acknowledgements& acknowledged, PassReport& report) {
  const auto now = std::chrono::floor<std::chrono::seconds>(surroundings.clock.now());
  for (AccountReport& account : report.accounts) {
    for (const Alarm& alarm :
         alarms_of(reader, account.account, surroundings.config.guards, acknowledged, now)) {
      base::log_error("{}: {}", account.account, alarm.text);
      account.alarms.push_back(alarm.text);
    }
  }
}

}  // namespace

base::ExitStatus once(const base::Surroundings& surroundings, const OnceOptions& options) {
  const store::Location location = store::location_of(surroundings.config.store);
  store::Writer writer = store::Writer::open(location, surroundings.files, surroundings.clock);
  bool is_damaged = false;
  for (const std::string& line : writer.damage()) {
    base::log_error("{}", line);
    is_damaged = true;
  }
  const bool is_everybody = options.accounts.empty();
  const AccountRoll roll =
      is_everybody ? call_roll(surroundings) : call_roll(surroundings, options.accounts);
  const auto& accounts = roll.accounts;
  const auto trees = store::TreeRecords::open(location, surroundings.files).list();
  for (const std::string& line : trees.damaged) base::log_error("{}", line);

  CommitSchedule schedule(writer, surroundings.clock);
  std::mutex store_mutex;
  PipeBudget budget(kMostInPipes);
  PassReport report;
  report.troubles = roll.troubles;
  const auto acknowledged = Acknowledgements::load(surroundings.files, surroundings.config.store);
  report.accounts.resize(accounts.size());
  AccountQueue queue(surroundings.config, accounts);
  queue.run([&](std::size_t index) {
    const base::AccountConfig& account = accounts[index];
    const RestoredTrees own(trees.records, account.name);
    AccountPass pass(surroundings, account, own, {writer, schedule, store_mutex, budget});
    report.accounts[index] = pass.run(
        [&](std::string_view personal_prefix) {
          return open_and_list(surroundings.config, account, surroundings.clock, personal_prefix);
        },
        [&](unsigned wanted) { return open_spares(queue, surroundings.config, account, wanted); });
    acknowledged.apply_to(report.accounts[index]);
    const StoreTurn turn(store_mutex);
    schedule.commit_if_due();
  });
  schedule.commit();
  report.commit = writer.highest_commit();
  tell_alarms(surroundings, writer.reader(), acknowledged, report);
  if (is_everybody && roll.troubles.empty()) {
    report.vanished = vanished_from(roll, writer.reader().accounts());
    std::erase_if(report.vanished, [&](const std::string& account) {
      return acknowledged.is_absence_accepted(account);
    });
  }
  report.share_out(writer.statistics().stored_bytes);

  const bool as_json = surroundings.format == base::OutputFormat::kJson;
  base::print_result(as_json ? report.to_json() : report.to_text());
  const base::ExitStatus status = report.exit_status();
  return is_damaged ? base::graver(status, base::ExitStatus::kDamaged) : status;
}

}  // namespace backupd
