#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/clock_sighting.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/process.h"
#include "base/reporting/job_run.h"
#include "base/reporting/last_sweep.h"
#include "base/stop_request.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/due_tree.h"
#include "restore/output.h"
#include "restore/sweep_report.h"
#include "restore/tree_lock.h"
#include "restore/tree_times.h"
#include "restore/unreachable_trees.h"
#include "restore/user_mail.h"
#include "store/clock_guard.h"
#include "store/format/layout.h"
#include "store/format/location.h"
#include "store/index/commit_mark.h"
#include "store/reader.h"
#include "store/storage/storage.h"
#include "store/tree_host.h"

namespace restore {

namespace {

// One sweep over all trees that are due.
class Sweep {
 public:
  Sweep(const base::Environment& environment, const SweepOptions& options)
      : environment_(environment),
        options_(options),
        location_(store::location_of(environment.config.store)),
        records_(store::TreeRecords::open(location_, environment.files, environment.clock)),
        host_(store::this_sweeping_host(location_, environment.files, environment.clock)),
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
    const base::ClockSighting now = base::see_clock(environment_.clock);
    report_.clock_doubt = doubt_about(now);
    if (report_.clock_doubt.empty()) redate_trees(now.time);
    std::vector<store::TreeRecord> due = listing_.records;
    std::erase_if(due, [&](const store::TreeRecord& record) { return record.expires > now.time; });
    leave_to_other_hosts(due, now.time);
    if (!report_.clock_doubt.empty()) {
      base::log_warning("sweep: {} due, none was deleted: {}", count_of_trees(due.size()),
                        report_.clock_doubt);
      report_.held_back = due.size();
      send_mail_despite_doubt();
      return;
    }
    DueTreeSweep one(environment_, options_, records_, reader_ ? &*reader_ : nullptr, unreachable_);
    for (const store::TreeRecord& record : due) {
      if (base::is_stop_requested()) {
        ++report_.not_reached;
        continue;
      }
      if (auto outcome = one.sweep(record)) report_.trees.push_back(std::move(*outcome));
    }
    if (base::is_stop_requested()) return;
    find_next_expiry();
    if (options_.dry_run) return;
    unreachable_.keep_only(due);
    record_result("since when trees can't be reached",
                  [&] { unreachable_.save(environment_.files, environment_.config.store); });
    notify_users();
  }

  void leave_to_other_hosts(std::vector<store::TreeRecord>& due, std::chrono::sys_seconds now) {
    const auto others = std::ranges::stable_partition(due, [&](const store::TreeRecord& record) {
      return store::may_sweep(record, listing_, host_, now);
    });
    report_.left_to_other_hosts.assign(others.begin(), others.end());
    due.erase(others.begin(), others.end());
  }

  // Before trees are deleted: one that was made while the clock was behind seems to be due.
  void redate_trees(std::chrono::sys_seconds now) {
    const TreeTimes times(environment_, reader_ ? &*reader_ : nullptr, now, options_.now);
    for (store::TreeRecord& record : listing_.records) {
      const auto right = times.redated(record);
      if (!right) continue;
      base::log_warning("{}: {}: a wrong clock dated it {}: it expires {}",
                        base::escape_for_terminal(record.account),
                        base::escape_for_terminal(record.name), base::shown_time(record.created),
                        base::shown_time(right->expires));
      // Without its new times in the store, the tree is not deleted before either expiry. The
      // record of another host's tree is put there.
      if (!options_.dry_run && store::may_sweep(record, listing_, host_, now)) {
        record_result(
            fmt::format("the new times of {}: {}", base::escape_for_terminal(record.account),
                        base::escape_for_terminal(record.name)),
            [&] { put_redated(record.id, times); });
      }
      record = *right;
      report_.redated.push_back(record);
    }
  }

  // A tree that another process is working on is left to the next sweep.
  void put_redated(const std::string& id, const TreeTimes& times) {
    const auto lock = lock_tree(environment_.files, location_, id);
    if (lock == nullptr) return;
    const auto record = records_.find(id);
    if (!record) return;
    if (const auto right = times.redated(*record)) records_.put(*right);
  }

  void find_next_expiry() {
    const auto now = environment_.clock.now_seconds();
    for (const store::TreeRecord& record : records_.list().records) {
      if (record.expires <= now) continue;
      if (report_.next && report_.next->expires <= record.expires) continue;
      report_.next = record;
    }
  }

  // Sends also what is known since the trees were swept, or was not sent earlier.
  void notify_users() {
    const UserMail user_mail(environment_);
    const store::TreeRecords::Listing left = records_.list();
    const auto now = environment_.clock.now_seconds();
    for (const store::TreeRecord& record : left.records) {
      // The user of another host's tree gets mail from there.
      if (store::may_remind(record, left, host_, now)) user_mail.remind(record);
    }
    user_mail.send_pending(left.records, ClockTrust::kTrusted);
    // A record that could not be read just now may belong to a tree that its user already got mail
    // about.
    if (!left.damaged.empty()) return;
    record_result("that users need no mail about trees that are gone",
                  [&] { user_mail.forget_others(left.records); });
  }

  // Mail deletes nothing, so it does not wait for the end of a doubt about the clock. That of a
  // reminder does.
  void send_mail_despite_doubt() {
    if (options_.dry_run || base::is_stop_requested()) return;
    UserMail(environment_).send_pending(records_.list().records, ClockTrust::kUntrusted);
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
  std::string doubt_about(const base::ClockSighting& now) {
    if (options_.dry_run && options_.now) return "";
    const auto how = options_.dry_run ? store::ClockDoubt::kJudgeOnly
                     : options_.now   ? store::ClockDoubt::kOverrule
                                      : store::ClockDoubt::kJudge;
    if (location_.storage) {
      const std::string difference = store::clock_difference(*location_.storage);
      if (!difference.empty()) return difference + ": set it";
    }
    store::JudgedClock judged = store::judge_for_deletion(
        location_, environment_.files, now,
        store::newest_records(reader_ ? &*reader_ : nullptr, listing_.records), how,
        "mailstow-restore sweep");
    if (!judged.not_remembered.empty()) {
      add_not_recorded("what was found about the clock", judged.not_remembered);
    }
    return std::move(judged.doubt);
  }

  // Writes something that a later sweep can do without: it then deletes nothing earlier, and
  // nothing twice. On a disk that is full or read-only it becomes a line of the report, always the
  // same one, so that hourly sweeps do not send a mail each.
  void record_result(const std::string& what, const std::function<void()>& write) {
    try {
      write();
    } catch (const base::Error& error) {
      if (!base::is_file_trouble(error.code())) throw;
      add_not_recorded(what, error.what());
    }
  }

  void add_not_recorded(const std::string& what, std::string_view why) {
    base::log_error("sweep: {}", why);
    report_.not_recorded.push_back(
        fmt::format("{}: not recorded, because a disk is full or read-only: make room in {} and {}",
                    what, location_.index.string(), store::local_directory(location_).string()));
  }

  const base::Environment& environment_;
  const SweepOptions& options_;
  store::Location location_;
  store::TreeRecords records_;
  store::SweepingHost host_;
  store::TreeRecords::Listing listing_;
  UnreachableTrees unreachable_;
  std::optional<store::Reader> reader_;
  SweepReport report_;
};

// Has them written by the program that has all of the metrics.
void write_metrics(const base::Environment& environment) {
  const int status =
      base::status_of({base::sibling_program("mailstow-backupd"), "--config",
                       environment.config_file.string(), "-q", "metrics", "--write"});
  if (status != 0) base::log_error("sweep: metrics were not written: exit status {}", status);
}

base::JobOutcome carry_out_sweep(const base::Environment& given, const SweepOptions& options) {
  base::stop_on_request(base::OnStop::kContinue);
  // The time that the guard judges is the one by which trees are deleted and mail is rescued.
  base::UnsettableClock clock(given.clock);
  const base::Environment environment = base::with_clock(given, clock);
  Sweep sweep(environment, options);
  sweep.carry_out();
  const SweepReport& report = sweep.report();
  base::JobOutcome outcome;
  const nlohmann::ordered_json document = report.to_document();
  outcome.status = report.exit_status();
  outcome.document = base::json_text(document);
  outcome.text = report.to_text();
  outcome.troubles = report.troubles();
  outcome.details = base::sweep_details(report.reasons());
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
          // A dry run changes nothing, and must not need room for its line.
          .is_audited = [options] { return !options->dry_run; },
          .function = [options](const auto& environment) { return sweep(environment, *options); }};
}

}  // namespace restore
