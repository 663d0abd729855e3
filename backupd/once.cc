#include <algorithm>
#include <exception>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backupd/account_roll.h"
#include "backupd/backup_clock.h"
#include "backupd/backup_summary.h"
#include "backupd/clock_watch.h"
#include "backupd/commands.h"
#include "backupd/daemon/progress_report.h"
#include "backupd/daemon/store_loan.h"
#include "backupd/daemon_backup.h"
#include "backupd/job.h"
#include "backupd/pass/account_pass.h"
#include "backupd/pass/account_queue.h"
#include "backupd/pass/commit_timer.h"
#include "backupd/pass/containment.h"
#include "backupd/pass/inbox_identity.h"
#include "backupd/report/accepted_skips.h"
#include "backupd/report/alarms.h"
#include "backupd/report/failed_backups.h"
#include "backupd/report/kept_report.h"
#include "backupd/report/overdue_trees.h"
#include "backupd/report/pass_report.h"
#include "backupd/report/shared_alarms.h"
#include "base/log.h"
#include "base/program/audit_log.h"
#include "base/reporting/acknowledgements.h"
#include "base/reporting/last_sweep.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "store/format/location.h"
#include "store/mailbox_history.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace backupd {

namespace {

// Bytes of messages between the threads that receive them and the store.
constexpr std::size_t kMaxInPipes = std::size_t{16} << 20;

// The log is not the report: a dead server must not flood it.
void log_alarms(const std::vector<AccountAlarm>& alarms) {
  constexpr std::size_t kMaxLines = 8;
  for (const SharedAlarm& alarm : shared_alarms(alarms, kMaxLines)) {
    base::log_error("{}: {}", names_of_accounts(alarm), alarm.text);
  }
}

void report_alarms(const base::Environment& environment, store::Reader& reader,
                   const base::Acknowledgements& acknowledged, PassReport& report) {
  const auto now = environment.clock.now_seconds();
  std::vector<AccountAlarm> raised;
  for (AccountReport& account : report.accounts) {
    for (const Alarm& alarm :
         alarms_of(reader, account.account, environment.config.guards, acknowledged, now)) {
      raised.push_back({account.account, alarm});
      account.alarms.push_back(alarm.text);
      account.has_changed_mailbox =
          account.has_changed_mailbox || alarm.kind == AlarmKind::kStranger;
    }
  }
  log_alarms(raised);
}

// A sweep that never runs does not report itself.
void report_overdue_trees(const base::Environment& environment,
                          const std::vector<store::TreeRecord>& trees, PassReport& report) {
  const auto now = environment.clock.now_seconds();
  const std::string alarm =
      overdue_alarm(trees, base::last_sweep(environment.files, environment.config.store, now), now);
  if (alarm.empty()) return;
  base::log_error("{}", alarm);
  report.alarms.push_back(alarm);
}

BackupFacts collect_facts(const base::Environment& environment, store::Reader& reader,
                          std::vector<store::TreeRecord> trees) {
  const auto& store = environment.config.store;
  BackupFacts facts;
  facts.store = reader.size();
  facts.trees = std::move(trees);
  facts.jobs = base::load_job_records(environment.files, store);
  facts.now = environment.clock.now_seconds();
  for (const base::JobRecord& record : facts.jobs) {
    if (record.job == "backup") facts.earlier = earlier_store(record);
  }
  return facts;
}

// Holds the store only while it reads: other threads use it while this one waits for a server.
base::MailboxHistory history_of(store::Reader& reader, const std::string& account,
                                std::mutex& store) {
  const StoreTurn turn(store);
  return store::mailbox_history(reader, reader.snapshots(account));
}

// Loads the acknowledgements again: more may have been made since the backup began.
base::Acknowledgements note_changed_mailboxes(const base::Environment& environment,
                                              const InboxGuard& guard) {
  return base::Acknowledgements::change(environment.files, environment.config.store,
                                        [&](base::Acknowledgements& acknowledged) {
                                          for (const auto& [account, change] : guard.found()) {
                                            acknowledged.note_mailbox_change(account, change);
                                          }
                                        });
}

void save_sighting(const base::Environment& environment, const base::ClockSighting& sighting) {
  base::after_work("the time was not recorded", [&] {
    save_clock_sighting(environment.files, environment.config.store, sighting);
  });
}

// The backup is complete without it.
void copy_index(store::Writer& writer) {
  try {
    base::after_work("the copy of the index in the bucket was not renewed",
                     [&] { writer.copy_index_if_due(); });
  } catch (const base::Stopped& stopped) {
    base::log_info("{}", stopped.what());
  }
}

// The document of the report, and its text, which may leave something out.
class WholeReport {
 public:
  WholeReport(const base::Environment& environment, const PassReport& report)
      : environment_(environment), report_(report) {}

  // Made once it is needed: it may be large.
  const std::string& document() {
    if (document_.empty()) document_ = report_.to_json();
    return document_;
  }

  // Keeps the document for those who see only a part of it.
  void keep() {
    if (report_.scope != BackupScope::kAllAccounts || std::exchange(is_kept_, true)) return;
    keep_report(environment_, "backup", document());
  }

  void print() {
    if (environment_.format == base::OutputFormat::kJson) {
      base::print_report(document());
      return;
    }
    const std::string text = report_.to_text();
    if (names_backup_report(text)) keep();
    base::print_report(text);
  }

 private:
  const base::Environment& environment_;
  const PassReport& report_;
  std::string document_;
  bool is_kept_ = false;
};

// A storage that stopped answering ends the run: what it has does not depend on that.
template <typename Work>
auto with_word_of_what_stays(const Work& work) {
  try {
    return work();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kStorage) throw;
    base::fail(
        base::ErrorCode::kStorage,
        "{}: what was committed before is kept, and what was uploaded since then need not be "
        "uploaded again: the next backup continues there",
        error.what());
  }
}

base::JobOutcome pass(const base::Environment& environment, const OnceOptions& options) {
  const store::Location location = store::location_of(environment.config.store);
  store::Writer writer = store::Writer::open(location, environment.files, environment.clock);
  // Each night, so that a log that was rotated has room again.
  base::AuditLog(environment.config.store, environment.invoker, environment.clock).reserve();
  bool is_damaged = false;
  for (const std::string& line : writer.damage()) {
    base::log_error("{}", line);
    is_damaged = true;
  }
  const bool is_of_all_accounts = options.accounts.empty();
  const AccountRoll roll = is_of_all_accounts ? resolve_accounts(environment)
                                              : resolve_accounts(environment, options.accounts);
  const auto& accounts = roll.accounts;
  const auto trees = store::TreeRecords::open(location, environment.files).list();
  for (const std::string& line : trees.damaged) base::log_error("{}", line);
  for (const std::string& line : trees.outdated) base::log_warning("{}", line);

  std::vector<DatedBackup> newest;
  for (const base::AccountConfig& account : accounts) {
    const auto snapshot = writer.reader().newest_snapshot(account.name);
    if (snapshot) newest.push_back({account.name, snapshot->time});
  }
  const auto clock_before = load_clock_sighting(environment.files, environment.config.store);
  ClockWatch watch(environment,
                   last_sighting(clock_before, newest, environment.clock.now_seconds()));
  const std::vector<std::string> clock_doubts = clock_troubles(watch.begin(), clock_before, newest);
  for (const std::string& line : clock_doubts) base::log_error("{}", line);
  // Otherwise the end of the backup saves it: one that is stopped leaves the trouble to the next.
  if (!clock_before) save_sighting(environment, watch.begin());

  CommitSchedule schedule(writer, environment.clock, [&] { watch.look(); });
  std::mutex store_mutex;
  PipeBudget budget(kMaxInPipes);
  ProgressReporter reporter(environment);
  ProgressBoard progress(
      accounts.size(), environment.clock,
      [&](const PassProgress& so_far, std::chrono::steady_clock::duration elapsed) {
        reporter.report(so_far, elapsed);
      });
  PassReport report;
  if (!is_of_all_accounts) report.scope = BackupScope::kNamedAccounts;
  report.troubles = roll.troubles;
  report.troubles.insert(report.troubles.end(), clock_doubts.begin(), clock_doubts.end());
  auto acknowledged = base::Acknowledgements::load(environment.files, environment.config.store);
  report.accounts.resize(accounts.size());
  InboxGuard guard(acknowledged);
  CauseLog causes(report.scope);
  AccountQueue queue(environment.config, accounts);
  for (std::size_t index = 0; index < accounts.size(); ++index) {
    report.accounts[index].account = accounts[index].name;
    report.accounts[index].user = accounts[index].user;
  }
  const auto back_up = [&](std::size_t index) {
    const base::AccountConfig& account = accounts[index];
    if (base::is_stop_requested()) {
      report.accounts[index].error = "stopped before it began: the next backup continues with it";
      return;
    }
    const RestoredTrees own(trees.records, account.name);
    AccountPass pass(environment, account, own,
                     {writer, schedule, store_mutex, budget, progress, causes});
    watch.look();  // the pass has its date
    const auto begin = environment.clock.steady_now();
    SpareSessions spares(queue, environment.config, account);
    std::optional<base::MailboxHistory> history;  // read once, however often a connection is lost
    report.accounts[index] = pass.run(
        [&](const OpenOptions& how) {
          OpenAccount opened = open_and_list(environment.config, account, environment.clock, how);
          if (!history) history = history_of(writer.reader(), account.name, store_mutex);
          guard.check(account.name, *history, opened.folders);
          return opened;
        },
        spares);
    report.accounts[index].seconds =
        std::chrono::duration<double>(environment.clock.steady_now() - begin).count();
    apply_accepted_skips(acknowledged, report.accounts[index]);
    const StoreTurn turn(store_mutex);
    schedule.commit_if_due_for_account();
  };
  CommitTimer timer(schedule, store_mutex, writer);
  try {
    queue.run([&](std::size_t index) {
      try {
        back_up(index);
      } catch (...) {
        end_account(std::current_exception(), writer, store_mutex, report.accounts[index]);
      }
    });
  } catch (const base::Error&) {
    timer.finish();  // if a commit failed there, that is the reason
    throw;
  }
  timer.finish();
  progress.end();
  causes.finish();
  // The clock may have jumped while the backup ran: the next one would not notice that.
  const base::ClockSighting clock_end = base::see_clock(environment.clock);
  for (const std::string& line : clock_troubles(clock_end, watch.begin(), {})) {
    base::log_error("{}", line);
    report.troubles.push_back(line);
  }
  schedule.commit();
  save_sighting(environment, clock_end);
  for (const AccountReport& account : report.accounts) {
    for (const std::string& trouble : account.troubles) {
      report.troubles.push_back(account.account + ": " + trouble);
    }
  }
  report.commit = writer.highest_commit();
  base::after_work("the findings about mailboxes were not recorded",
                   [&] { acknowledged = note_changed_mailboxes(environment, guard); });
  base::after_work("the accounts that failed were not recorded", [&] {
    note_failed_backups(environment.files, environment.config.store, report,
                        environment.clock.now_seconds());
  });
  report_alarms(environment, writer.reader(), acknowledged, report);
  if (is_of_all_accounts) report_overdue_trees(environment, trees.records, report);
  if (is_of_all_accounts && roll.troubles.empty()) {
    report.vanished = vanished_from(roll, writer.reader().accounts());
    std::erase_if(report.vanished, [&](const std::string& account) {
      return acknowledged.is_absence_accepted(account);
    });
  }
  report.share_out(writer.statistics().stored_bytes);

  if (is_of_all_accounts) copy_index(writer);
  if (location.storage) report.traffic = location.storage->traffic();
  base::JobOutcome outcome;
  outcome.status = report.exit_status();
  if (is_damaged) outcome.status = base::more_severe(outcome.status, base::ExitStatus::kDamaged);
  WholeReport whole(environment, report);
  if (outcome.status != base::ExitStatus::kDone) whole.keep();
  whole.print();
  if (!is_of_all_accounts) return outcome;
  outcome.troubles = writer.damage();
  std::ranges::move(troubles_of(report), std::back_inserter(outcome.troubles));
  const BackupFacts facts = collect_facts(environment, writer.reader(), trees.records);
  outcome.details = details_of(report, facts);
  outcome.summary = summarise(report, facts);
  if (names_backup_report(outcome.summary->body)) whole.keep();  // before the mail is sent
  if (!environment.config.reporting.hooks.empty()) outcome.document = whole.document();
  return outcome;
}

}  // namespace

base::ExitStatus once(const base::Environment& environment, const OnceOptions& options) {
  base::stop_on_request(base::OnStop::kThrow);
  // Rejects unknown account names before contacting the daemon or a server.
  if (!options.accounts.empty()) resolve_accounts(environment, options.accounts);
  if (const auto status = once_by_daemon(environment, options)) return *status;
  leave_if_busy(environment);
  if (!options.accounts.empty()) {
    return with_word_of_what_stays([&] { return pass(environment, options).status; });
  }
  return base::JobRun(environment, "backup", job_services(environment)).carry_out([&] {
    return with_word_of_what_stays([&] { return pass(environment, options); });
  });
}

base::Command once_command() {
  const auto options = std::make_shared<OnceOptions>();
  return {.name = "once",
          .help = "Back up the accounts once",
          .declare =
              [options](base::Options& declared) {
                declared.values("--account", options->accounts, "NAME",
                                "Back up only this account");
              },
          .function = [options](const auto& environment) { return once(environment, *options); }};
}

}  // namespace backupd
