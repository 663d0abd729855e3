#include "backupd/account_pass.h"
#include "backupd/account_queue.h"
#include "backupd/commands.h"
#include "backupd/pass_report.h"
#include "base/log.h"
#include "store/location.h"
#include "store/tree_record.h"

namespace backupd {

namespace {

std::vector<base::AccountConfig> chosen(const base::Config& config,
                                        const std::vector<std::string>& names) {
  if (names.empty()) return config.accounts;
  std::vector<base::AccountConfig> accounts;
  accounts.reserve(names.size());
  for (const std::string& name : names) accounts.push_back(config.account(name));
  return accounts;
}

}  // namespace

base::ExitStatus once(const base::Surroundings& surroundings, const OnceOptions& options) {
  const auto accounts = chosen(surroundings.config, options.accounts);
  const store::Location location = store::location_of(surroundings.config.store);
  store::Writer writer = store::Writer::open(location, surroundings.files, surroundings.clock);
  bool is_damaged = false;
  for (const std::string& line : writer.damage()) {
    base::log_error("{}", line);
    is_damaged = true;
  }
  const auto trees = store::TreeRecords::open(location, surroundings.files).list();
  for (const std::string& line : trees.damaged) base::log_error("{}", line);

  CommitSchedule schedule(writer, surroundings.clock);
  AccountQueue queue(surroundings.config, accounts, surroundings.clock,
                     [&](const base::AccountConfig& account) {
                       return open_and_list(surroundings.config, account, surroundings.clock);
                     });
  PassReport report;
  report.accounts.resize(accounts.size());
  while (auto arrival = queue.next()) {
    const std::size_t index = arrival->index();
    const base::AccountConfig& account = accounts[index];
    const RestoredTrees own(trees.records, account.name);
    AccountPass pass(surroundings, account, own, writer, schedule);
    report.accounts[index] = pass.run(std::move(*arrival));
    if (schedule.is_due()) schedule.commit();
  }
  schedule.commit();
  report.commit = writer.highest_commit();
  report.share_out(writer.statistics().stored_bytes);

  const bool as_json = surroundings.format == base::OutputFormat::kJson;
  base::print_result(as_json ? report.to_json() : report.to_text());
  const base::ExitStatus status = report.exit_status();
  return is_damaged ? base::graver(status, base::ExitStatus::kDamaged) : status;
}

}  // namespace backupd
