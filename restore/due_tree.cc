#include "restore/due_tree.h"

#include <memory>
#include <utility>

#include <fmt/core.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/shell_quote.h"
#include "base/terminal.h"
#include "imap/account_opener.h"
#include "restore/mailbox_holder.h"
#include "restore/tree_lock.h"
#include "restore/user_mail.h"
#include "store/doubted_times.h"

namespace restore {

namespace {

// How long after a tree's expiry its record waits for the account to return to the server on which
// the tree was made.
constexpr std::chrono::days kReturnPeriod{30};

// Whether a person runs this, who wants every reason. A timer's sweep reports it once a day.
bool is_watched() {
  return ::isatty(STDOUT_FILENO) == 1 || base::is_logged(base::LogLevel::kDebug);
}

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

}  // namespace

DueTreeSweep::DueTreeSweep(const base::Environment& environment, const SweepOptions& options,
                           store::TreeRecords& records, store::Reader* reader,
                           UnreachableTrees& unreachable)
    : environment_(environment),
      options_(options),
      location_(store::location_of(environment.config.store)),
      rescue_(location_, environment.files, environment.clock),
      records_(records),
      reader_(reader),
      unreachable_(unreachable) {}

std::optional<TreeOutcome> DueTreeSweep::sweep(const store::TreeRecord& listed) {
  TreeOutcome outcome{listed, {}};
  try {
    // A dry run may find the locks' directories read-only.
    const auto lock =
        options_.dry_run ? nullptr : lock_tree(environment_.files, location_, listed.id);
    const bool is_busy =
        options_.dry_run ? is_worked_on(environment_.files, location_, listed.id) : lock == nullptr;
    if (is_busy) {
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
  // After an error too: the next sweep will not know what this one rescued.
  if (!options_.dry_run) UserMail(environment_).notify_rescued(outcome.record, outcome.swept);
  return outcome;
}

void DueTreeSweep::sweep_locked(TreeOutcome& outcome) {
  const store::TreeRecord& record = outcome.record;
  const TreeAccount found = find_tree_account(environment_.config, environment_.files, record);
  if (!found.unreachable.empty()) {
    outcome.unreachable = found.unreachable;
    return;
  }
  imap::AccountOpener opener(environment_.config.server_of(found.account), found.account);
  std::optional<imap::Session> session = open(opener, found, outcome);
  if (!session) return;
  opener.run([&] { session = opener.open(); }, [&] { sweep_with(*session, found, outcome); });
}

void DueTreeSweep::sweep_with(imap::Session& session, const TreeAccount& found,
                              TreeOutcome& outcome) {
  const store::TreeRecord& record = outcome.record;
  auto others = others_of(record);
  const std::string stranger = stranger_since(record, session);
  const std::string doubt =
      reader_ == nullptr
          ? "the index can't be read, so that the mailbox could be another person's: "
            "the next backup rebuilds it"
          : stranger;
  RefusingRescue refusing_rescue(doubt);
  Rescue& rescue = doubt.empty() ? static_cast<Rescue&>(rescue_) : refusing_rescue;
  TreeSweeper sweeper(session, record, others, &rescue);
  distrust_absence(sweeper, record, found, stranger);
  // Held until the shared level is deleted or kept: otherwise a run could find it and then create
  // its tree below it.
  std::unique_ptr<base::FileLock> naming;
  sweeper.before_shared([&] {
    if (options_.dry_run) return;
    naming = lock_naming(environment_.files, environment_.clock, location_);
    others = others_of(record);
  });
  if (options_.dry_run) {
    outcome.swept = sweeper.plan();
  } else {
    sweeper.sweep(outcome.swept);
  }
  naming.reset();
  note_what_is_left(outcome);
  if (!options_.dry_run && outcome.swept.is_finished) {
    UserMail(environment_).notify_rescued(record, outcome.swept);  // no later sweep knows of it
    remove_record(record);
  }
  session.logout();
}

// For a while, folders that are absent do not count as deleted if the mailbox may not be that of
// the tree. `stranger`: as stranger_since() returns it.
void DueTreeSweep::distrust_absence(TreeSweeper& sweeper, const store::TreeRecord& record,
                                    const TreeAccount& found, const std::string& stranger) const {
  const auto now = environment_.clock.now_seconds();
  if (now >= record.expires + kReturnPeriod) return;
  if (record.server != found.account.server) {
    sweeper.distrust_absence(fmt::format(
        "it was made on the server {}, and the account is now on {}",
        base::escape_for_terminal(record.server), base::escape_for_terminal(found.account.server)));
  } else if (!stranger.empty()) {
    sweeper.distrust_absence(stranger);
  } else if (found.has_left && record.user.empty()) {
    // The name of the account may have been another user's on the server.
    sweeper.distrust_absence(
        "its account is no longer in the configuration, and its record does not name the user");
  }
}

// The error of a sweep that could not do everything.
void DueTreeSweep::note_what_is_left(TreeOutcome& outcome) {
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
}

// Returns nullopt, with the reason in the outcome, if the account has left the configuration and
// nothing can log in to it.
std::optional<imap::Session> DueTreeSweep::open(imap::AccountOpener& opener,
                                                const TreeAccount& found, TreeOutcome& outcome) {
  try {
    return opener.open();
  } catch (const base::Error& error) {
    if (!found.has_left || error.code() != base::ErrorCode::kLogin) throw;
    outcome.unreachable =
        fmt::format("its account is no longer in the configuration, and {}", error.what());
    return std::nullopt;
  }
}

// Called with the tree's lock held.
void DueTreeSweep::note_unreachable(TreeOutcome& outcome) {
  const store::TreeRecord& record = outcome.record;
  const auto verdict =
      unreachable_.note(record.id, environment_.clock.now_seconds(), outcome.unreachable);
  outcome.unreachable_since = verdict.since;
  outcome.is_closed = verdict.is_over;
  outcome.is_report_due =
      verdict.is_report_due || verdict.is_over || options_.dry_run || is_watched();
  if (outcome.is_report_due) {
    base::log_warning("{}: {}: {}", base::escape_for_terminal(record.account),
                      base::escape_for_terminal(record.name), outcome.why_unreachable());
  }
  if (!outcome.is_closed || options_.dry_run) return;
  remove_record(record);
  unreachable_.forget(record.id);
}

void DueTreeSweep::remove_record(const store::TreeRecord& record) {
  records_.remove(record.id);
  remove_tree_lock(environment_.files, location_, record.id);
}

// Returns how the mailbox differs from the one in which the tree was made, or "". The tree's own
// levels are still recognised by their identities, but one person's mail must not get into the
// snapshots of another.
std::string DueTreeSweep::stranger_since(const store::TreeRecord& record, imap::Session& session) {
  if (reader_ == nullptr) return "";
  const auto snapshots = reader_->snapshots(record.account);
  std::optional<imap::OpenFolder> inbox;
  try {
    inbox = session.examine(imap::kInbox);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
  }
  const base::Holder holder = holder_of(environment_, *reader_, snapshots, session, inbox);
  const auto times = store::likely_times(snapshots, environment_.clock.now_seconds());
  std::size_t last = 0;  // before the tree was made
  for (std::size_t at = 0; at < snapshots.size(); ++at) {
    if (times[at] <= record.created) last = at;
  }
  if (!holder.change || holder.is_of_snapshot[last]) return "";
  if (!options_.dry_run) note_change(record.account, *holder.change);
  return fmt::format(
      "INBOX is {}, it was {} when the tree was made: if it belongs to the same person, run "
      "`mailstow-backupd acknowledge {}`",
      holder.change->is.text(), holder.change->was.text(), base::shell_quoted(record.account));
}

// The next backup notes it too, so a full disk does not keep the tree's own levels from being
// deleted.
void DueTreeSweep::note_change(const std::string& account,
                               const base::MailboxChange& change) const {
  try {
    note_mailbox_change(environment_, account, change);
  } catch (const base::Error& error) {
    if (!base::is_file_trouble(error.code())) throw;
    base::log_warning("{}: {}", base::escape_for_terminal(account), error.what());
  }
}

// Read again: this sweep may have deleted an earlier tree.
std::vector<store::TreeRecord> DueTreeSweep::others_of(const store::TreeRecord& record) const {
  std::vector<store::TreeRecord> others = records_.list().records;
  std::erase_if(others, [&](const store::TreeRecord& other) {
    return other.account != record.account || other.id == record.id;
  });
  return others;
}

}  // namespace restore
