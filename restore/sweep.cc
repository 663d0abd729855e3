#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/process.h"
#include "base/reporting/job_run.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "imap/account_login.h"
#include "restore/commands.h"
#include "restore/mailbox_holder.h"
#include "restore/output.h"
#include "restore/shell_quote.h"
#include "restore/store_rescue.h"
#include "restore/sweep_report.h"
#include "restore/tree_account.h"
#include "restore/tree_lock.h"
#include "restore/unreachable_trees.h"
#include "restore/user_mail.h"
#include "store/clock_guard.h"
#include "store/format/location.h"
#include "store/index/commit_mark.h"
#include "store/reader.h"

namespace restore {

namespace {

// How long after a tree's expiry its record waits for the account to return to the server on which
// the tree was made.
constexpr std::chrono::days kReturnPeriod{30};

// Refuses every rescue, since the mailbox may belong to another person.
class RefusingRescue : public Rescue {
 public:
  explicit RefusingRescue(std::string why) : why_(std::move(why)) {}
  Kept keep(imap::Session&, const store::TreeRecord&, const store::TreeLevel&,
            const imap::UidSet&) override {
    Kept kept;
    kept.trouble = why_;
    return kept;
  }

 private:
  std::string why_;
};

// One sweep over all trees that are due.
class Sweep {
 public:
  Sweep(const base::Environment& environment, const SweepOptions& options)
      : environment_(environment),
        options_(options),
        location_(store::location_of(environment.config.store)),
        records_(store::TreeRecords::open(location_, environment.files)),
        rescue_(location_, environment.files, environment.clock),
        listing_(records_.list()),
        unreachable_(UnreachableTrees::load(environment.files, environment.config.store)) {
    report_.is_dry_run = options.dry_run;
    report_.time_zone = environment.config.restore.time_zone;
    report_.has_unreadable_records = !listing_.damaged.empty();
    report_.older_records = listing_.outdated;
    try {
      reader_.emplace(store::Reader::open(location_, environment.files));
    } catch (const base::Error& error) {
      // Trees can be swept without the index.
      base::log_debug("sweep: {}", error.what());
    }
  }

  void carry_out() {
    sweep_due_trees();
    if (base::is_stop_requested()) return;
    look_for_unrecorded_mail();
  }

  const SweepReport& report() const { return report_; }

 private:
  void sweep_due_trees() {
    for (const std::string& line : listing_.damaged) base::log_error("{}", line);
    for (const std::string& line : listing_.outdated) base::log_warning("{}", line);
    const auto now = environment_.clock.now_seconds();
    std::vector<store::TreeRecord> due = listing_.records;
    std::erase_if(due, [&](const store::TreeRecord& record) { return record.expires > now; });
    report_.clock_doubt = doubt_about(now);
    if (!report_.clock_doubt.empty()) {
      base::log_warning("sweep: {} due, none was deleted: {}", count_of_trees(due.size()),
                        report_.clock_doubt);
      report_.held_back = due.size();
      return;
    }
    for (const store::TreeRecord& record : due) {
      if (base::is_stop_requested()) {
        ++report_.not_reached;
        continue;
      }
      if (auto outcome = sweep_tree(record)) report_.trees.push_back(std::move(*outcome));
    }
    if (base::is_stop_requested()) return;
    find_next_expiry();
    if (options_.dry_run) return;
    unreachable_.keep_only(due);
    unreachable_.save(environment_.files, environment_.config.store);
    remind_users();
  }

  void find_next_expiry() {
    const auto now = environment_.clock.now_seconds();
    for (const store::TreeRecord& record : records_.list().records) {
      if (record.expires <= now) continue;
      if (report_.next && report_.next->expires <= record.expires) continue;
      report_.next = record;
    }
  }

  void remind_users() {
    const UserMail user_mail(environment_);
    const store::TreeRecords::Listing left = records_.list();
    for (const store::TreeRecord& record : left.records) user_mail.remind(record);
    // A record that could not be read just now may belong to a tree that its user already got mail
    // about.
    if (left.damaged.empty()) user_mail.forget_others(left.records);
  }

  void look_for_unrecorded_mail() {
    std::vector<store::TreeRecord> records = records_.list().records;
    // Accounts whose sweep just failed are not contacted again.
    std::erase_if(records, [&](const store::TreeRecord& record) {
      return std::any_of(
          report_.trees.begin(), report_.trees.end(), [&](const TreeOutcome& outcome) {
            const bool has_failed = !outcome.error.empty() || !outcome.unreachable.empty();
            return outcome.record.account == record.account && has_failed;
          });
    });
    report_.unrecorded =
        find_unrecorded_mail(environment_, reader_ ? &*reader_ : nullptr, records, Look::kLive);
  }

  // Returns why the clock is not trusted, or "".
  std::string doubt_about(std::chrono::sys_seconds now) {
    const auto how = options_.dry_run ? store::ClockDoubt::kJudgeOnly
                     : options_.now   ? store::ClockDoubt::kOverrule
                                      : store::ClockDoubt::kJudge;
    if (options_.dry_run && options_.now) return "";
    return store::doubt_about_clock(
        location_, environment_.files, now,
        store::newest_record(reader_ ? &*reader_ : nullptr, listing_.records), how,
        "mailstow-restore sweep");
  }

  // Returns nullopt if the tree was extended or deleted since its record was listed.
  std::optional<TreeOutcome> sweep_tree(const store::TreeRecord& listed) {
    TreeOutcome outcome{listed, {}};
    try {
      const auto lock = lock_tree(environment_.files, location_, listed.id);
      if (lock == nullptr) {
        base::fail(base::ErrorCode::kBusy, "sweep: {}: a run or another sweep is working on it",
                   base::escape_for_terminal(listed.name));
      }
      const auto record = records_.find(listed.id);
      const auto now = environment_.clock.now_seconds();
      if (!record || record->expires > now) return std::nullopt;
      outcome.record = *record;
      sweep_locked(outcome);
      if (outcome.unreachable.empty()) {
        unreachable_.forget(record->id);
      } else {
        note_unreachable(outcome);
      }
    } catch (const base::Error& error) {
      base::log_error("{}: {}: {}", base::escape_for_terminal(listed.account),
                      base::escape_for_terminal(listed.name), error.what());
      outcome.error = error.what();
      outcome.error_code = error.code();
    }
    return outcome;
  }

  void sweep_locked(TreeOutcome& outcome) {
    const store::TreeRecord& record = outcome.record;
    const TreeAccount found = find_tree_account(environment_.config, environment_.files, record);
    const base::AccountConfig& account = found.account;
    std::optional<imap::Session> opened = open(found, outcome);
    if (!opened) return;
    imap::Session& session = *opened;
    auto others = others_of(record);
    const std::string stranger = stranger_since(record, session);
    RefusingRescue refusing_rescue(stranger);
    Rescue& rescue = stranger.empty() ? static_cast<Rescue&>(rescue_) : refusing_rescue;
    TreeSweeper sweeper(session, record, others, &rescue);
    const auto now = environment_.clock.now_seconds();
    if (record.server != account.server && now < record.expires + kReturnPeriod) {
      sweeper.distrust_absence(fmt::format(
          "it was made on the server {}, and the account is now on {}",
          base::escape_for_terminal(record.server), base::escape_for_terminal(account.server)));
    } else if (!stranger.empty() && now < record.expires + kReturnPeriod) {
      sweeper.distrust_absence(stranger);
    } else if (found.has_left && record.user.empty() && now < record.expires + kReturnPeriod) {
      // The name of the account may have been another user's on the server.
      sweeper.distrust_absence(
          "its account is no longer in the configuration, and its record does not name the user");
    }
    // Held until the shared level is deleted or kept: otherwise a run could find it and then create
    // its tree below it.
    std::unique_ptr<base::FileLock> naming;
    sweeper.before_shared([&] {
      if (options_.dry_run) return;
      naming = lock_naming(environment_.files, environment_.clock, location_);
      others = others_of(record);
    });
    outcome.swept = options_.dry_run ? sweeper.plan() : sweeper.sweep();
    naming.reset();
    for (const SweptLevel& level : outcome.swept.levels) {
      const bool stays_undone = level.action == SweptLevel::Action::kRefused ||
                                level.action == SweptLevel::Action::kKeptForNow;
      // A busy tree is a passing state: any other error takes precedence.
      const bool may_replace = !outcome.error_code || outcome.error_code == base::ErrorCode::kBusy;
      if (stays_undone && may_replace) outcome.error_code = level.code;
    }
    if (outcome.swept.is_stopped) {
      outcome.error = "stopped: the next sweep will continue with it";
      outcome.error_code = base::ErrorCode::kNetwork;  // worth another try
    }
    if (!options_.dry_run && outcome.swept.is_finished) remove_record(record);
    if (!options_.dry_run) UserMail(environment_).notify_rescued(record, outcome.swept);
    session.logout();
  }

  // Returns nullopt, with the reason in the outcome, if the account has left the configuration and
  // nothing can log in to it.
  std::optional<imap::Session> open(const TreeAccount& found, TreeOutcome& outcome) const {
    outcome.unreachable = found.unreachable;
    if (!outcome.unreachable.empty()) return std::nullopt;
    try {
      return imap::open_account(environment_.config.server_of(found.account), found.account);
    } catch (const base::Error& error) {
      if (!found.has_left || error.code() != base::ErrorCode::kLogin) throw;
      outcome.unreachable =
          fmt::format("its account is no longer in the configuration, and {}", error.what());
      return std::nullopt;
    }
  }

  // Called with the tree's lock held.
  void note_unreachable(TreeOutcome& outcome) {
    const store::TreeRecord& record = outcome.record;
    const auto verdict = unreachable_.note(record.id, environment_.clock.now_seconds());
    outcome.unreachable_since = verdict.since;
    outcome.is_closed = verdict.is_over;
    outcome.is_report_due = verdict.is_report_due || verdict.is_over || options_.dry_run;
    if (outcome.is_report_due) {
      base::log_warning("{}: {}: {}", base::escape_for_terminal(record.account),
                        base::escape_for_terminal(record.name), outcome.why_unreachable());
    }
    if (!outcome.is_closed || options_.dry_run) return;
    remove_record(record);
    unreachable_.forget(record.id);
  }

  void remove_record(const store::TreeRecord& record) {
    records_.remove(record.id);
    remove_tree_lock(environment_.files, location_, record.id);
  }

  // Returns how the mailbox differs from the one in which the tree was made, or "". The tree's own
  // levels are still recognised by their identities, but one person's mail must not get into the
  // snapshots of another.
  std::string stranger_since(const store::TreeRecord& record, imap::Session& session) {
    if (!reader_) return "";
    const auto snapshots = reader_->snapshots(record.account);
    std::optional<imap::OpenFolder> inbox;
    try {
      inbox = session.examine(imap::kInbox);
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kRefused) throw;
    }
    const base::Holder holder = holder_of(environment_, *reader_, snapshots, session, inbox);
    std::size_t last = 0;  // before the tree was made
    for (std::size_t at = 0; at < snapshots.size(); ++at) {
      if (snapshots[at].time <= record.created) last = at;
    }
    if (!holder.change || holder.is_of_snapshot[last]) return "";
    if (!options_.dry_run) note_mailbox_change(environment_, record.account, *holder.change);
    return fmt::format(
        "INBOX is {}, it was {} when the tree was made: if it belongs to the same person, run "
        "`mailstow-backupd acknowledge {}`",
        holder.change->is.text(), holder.change->was.text(), shell_quoted(record.account));
  }

  // Read again: this sweep may have deleted an earlier tree.
  std::vector<store::TreeRecord> others_of(const store::TreeRecord& record) const {
    std::vector<store::TreeRecord> others = records_.list().records;
    std::erase_if(others, [&](const store::TreeRecord& other) {
      return other.account != record.account || other.id == record.id;
    });
    return others;
  }

  const base::Environment& environment_;
  const SweepOptions& options_;
  store::Location location_;
  store::TreeRecords records_;
  StoreRescue rescue_;
  store::TreeRecords::Listing listing_;
  UnreachableTrees unreachable_;
  std::optional<store::Reader> reader_;
  SweepReport report_;
};

// By the program that has all of the metrics.
void write_metrics(const base::Environment& environment) {
  const int status =
      base::status_of({base::sibling_program("mailstow-backupd"), "--config",
                       environment.config_file.string(), "-q", "metrics", "--write"});
  if (status != 0) base::log_error("sweep: metrics were not written: exit status {}", status);
}

base::JobOutcome carry_out_sweep(const base::Environment& environment,
                                 const SweepOptions& options) {
  base::stop_on_request(base::OnStop::kContinue);
  Sweep sweep(environment, options);
  sweep.carry_out();
  const SweepReport& report = sweep.report();
  base::JobOutcome outcome;
  const nlohmann::ordered_json document = report.to_document();
  outcome.status = report.exit_status();
  outcome.document = base::json_text(document);
  outcome.text = report.to_text();
  outcome.troubles = report.troubles();
  print_report(environment.format, document, outcome.text);
  return outcome;
}

}  // namespace

base::ExitStatus sweep(const base::Environment& environment, const SweepOptions& options) {
  if (options.dry_run) return carry_out_sweep(environment, options).status;
  const store::Location location = store::location_of(environment.config.store);
  const base::JobServices services = {
      .footer = [&] { return store::describe_highest_commit(environment.files, location); },
      .write_metrics = [&] { write_metrics(environment); }};
  return base::JobRun(environment, "sweep", services).carry_out([&] {
    return carry_out_sweep(environment, options);
  });
}

base::Command sweep_command() {
  const auto options = std::make_shared<SweepOptions>();
  return {.name = "sweep",
          .help = "Delete expired trees",
          .declare =
              [options](base::Options& declared) {
                declared.flag("--dry-run", options->dry_run,
                              "Print what would be done; write nothing");
                declared.flag("--now", options->now,
                              "Sweep even if the system clock appears to have jumped");
              },
          .is_audited = base::always,
          .function = [options](const auto& environment) { return sweep(environment, *options); }};
}

}  // namespace restore
