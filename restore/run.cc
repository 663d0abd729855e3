#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <type_traits>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/log.h"
#include "base/program/pager.h"
#include "base/reporting/last_sweep.h"
#include "base/shell_quote.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "imap/account_discovery.h"
#include "imap/account_opener.h"
#include "imap/folder_name.h"
#include "imap/mailbox_witness.h"
#include "restore/commands.h"
#include "restore/fresh_pass.h"
#include "restore/in_place.h"
#include "restore/mailbox_holder.h"
#include "restore/new_tree.h"
#include "restore/plan_summary.h"
#include "restore/plan_writer.h"
#include "restore/quota_exemption.h"
#include "restore/reach.h"
#include "restore/restore_report.h"
#include "restore/restore_request.h"
#include "restore/resumed_tree.h"
#include "restore/selection_arguments.h"
#include "restore/selection_audit.h"
#include "restore/target_mailbox.h"
#include "restore/tree_builder.h"
#include "restore/tree_lock.h"
#include "restore/tree_site.h"
#include "restore/tree_target.h"
#include "restore/tree_times.h"
#include "restore/user_mail.h"
#include "store/format/location.h"
#include "store/host_id.h"

namespace restore {

namespace {

// The store, the tree that the run resumes, if any, and the connection.
struct RunResources {
  store::Location location;
  store::Reader reader;
  store::TreeRecords records;
  std::optional<ResumedTree> resumed;
  base::AccountConfig target;  // the account that the tree is made in
  std::unique_ptr<imap::AccountOpener> opener;
  imap::Session session;  // of the target
};

// In this order: whatever is wrong on this machine is reported before anything connects.
RunResources open_resources(const base::Environment& environment, const RunOptions& options) {
  store::Location location = store::location_of(environment.config.store);
  store::Reader reader = store::Reader::open(location, environment.files);
  store::TreeRecords records =
      store::TreeRecords::open(location, environment.files, environment.clock);
  std::optional<ResumedTree> resumed;
  std::string target_name = options.to.empty() ? options.account : options.to;
  if (!options.resume.empty()) {
    resumed = find_resumed({environment, location, records, reader}, options);
    target_name = resumed->record.account;
  }
  base::AccountConfig target =
      imap::find_account(environment.config, environment.files, target_name);
  auto opener = std::make_unique<imap::AccountOpener>(environment.config.server_of(target), target);
  imap::Session session = opener->open();
  return {std::move(location), std::move(reader), std::move(records), std::move(resumed),
          std::move(target),   std::move(opener), std::move(session)};
}

// One run of the command, from the selection to the report.
class Run {
 public:
  Run(const base::Environment& environment, const RunOptions& options, ProgressEvents& progress,
      RunResources opened)
      : environment_(environment),
        options_(options),
        progress_(progress),
        location_(std::move(opened.location)),
        reader_(std::move(opened.reader)),
        records_(std::move(opened.records)),
        target_(std::move(opened.target)),
        server_(environment.config.server_of(target_)),
        opener_(std::move(opened.opener)),
        session_(std::move(opened.session)) {
    if (!opened.resumed) return;
    resumed_ = std::move(opened.resumed->record);
    lock_ = std::move(opened.resumed->lock);
  }

  RestoreReport carry_out() {
    if (resumed_) {
      // The report must not promise a date that the next sweep corrects.
      const auto right = redated_now(environment_, reader_, records_, *resumed_);
      if (right) resumed_ = right;
    }
    if (options_.expire_after) {
      const auto now = environment_.clock.now_seconds();
      refuse_longer_stay(environment_, target_.name, *options_.expire_after,
                         resumed_ ? resumed_->created : now);
    }
    // Before the backup for --missing, which would take another person's mailbox for the account's.
    const TargetNames names = inspect_target();
    asked_ = requested_selection();
    Selection selection = select(environment_, reader_, options_.account, asked_);
    snapshot_ = selection.snapshot.id;
    report_.snapshot = snapshot_.hex();
    report_.undated = selection.undated;
    report_.snapshot_time = selection.snapshot.time;
    report_.passed_over = selection.passed_over;
    report_.time_zone = environment_.config.restore.time_zone;
    for (std::string& note : left_out_notes(selection, "restored")) {
      report_.notes.push_back(std::move(note));
    }
    std::map<std::string, SourceFolder> sources;
    for (const SelectedFolder& folder : selection.folders) {
      const store::FolderInfo& info = folder.folder.info;
      sources[folder.name] = {info.raw_name, info.attributes};
    }
    properties_ = store::to_account_properties(reader_.properties(selection.snapshot));
    if (resumed_ || options_.in_place) list_others();
    const std::string tree = options_.in_place ? "" : resumed_ ? resumed_->name : free_name(names);
    plan_ = make_plan(std::move(selection), tree, names);
    if (resumed_) {
      keep_renamed(plan_, names, [&](const std::string& raw_name) {
        const store::TreeLevel* const level = resumed_->level(raw_name);
        return level != nullptr && level->state == store::LevelState::kCreated;
      });
    }
    begin_report();
    progress_.plan({plan_.tree,
                    static_cast<std::uint64_t>(
                        std::ranges::count_if(plan_.folders, &PlannedFolder::holds_messages)),
                    plan_.counts.messages, plan_.counts.bytes});
    if (options_.in_place) return restore_in_place(std::move(sources), names);
    if (options_.dry_run) return report_;

    begin_record();
    quota_.emplace(session_, server_, target_, personal_, plan_);
    TreeBuilder builder(session_, records_, record_, others_, holders());
    try {
      if (resumed_) builder.reconcile();
      prove_quota(builder);
      builder.create(plan_.levels);
      builder.create(rename_refused(plan_, names, [&](const std::string& raw_name) {
        return builder.was_refused(raw_name);
      }));
      doing_without([this] { site().subscribe(); });
      TreeTarget target(builder, records_, record_, plan_.levels);
      write(target, resumed_ ? Start::kResumed : Start::kFresh);
      doing_without([this] { quota_->compare_usage(report_.quota); });
      record_.state = report_.exit_status() == base::ExitStatus::kDone
                          ? store::TreeState::kComplete
                          : store::TreeState::kIncomplete;
      records_.put(record_);
      session_.logout();
    } catch (const base::Error& error) {
      if (error.code() == base::ErrorCode::kCountsTowardsQuota || report_.folders.empty()) throw;
      report_.error = error.what();
      record_.state = store::TreeState::kIncomplete;
      records_.put(record_);
    } catch (const base::Stopped& stopped) {
      record_.state = store::TreeState::kIncomplete;
      records_.put(record_);
      report_.error =
          fmt::format("{}: continue with `{}`", stopped.what(), report_.resuming_command());
    }
    return report_;
  }

  // The tree's record, after carry_out(); without levels if there is no tree.
  const store::TreeRecord& record() const { return record_; }

 private:
  // A further connection, or one in place of a lost one, which other threads open at a time.
  imap::Session reconnect() const {
    imap::Session session = opener_->open();
    witness_.prove(session);
    return session;
  }

  // Returns `work()`, which is done once more, without the command, if the server falls silent over
  // an optional one.
  template <typename Work>
  std::invoke_result_t<const Work&> doing_without(const Work& work) {
    return opener_->run([this] { session_ = reconnect(); }, work);
  }

  SelectionOptions requested_selection() {
    if (resumed_) return read_request(resumed_->request).selection;
    SelectionOptions selection = options_.selection;
    selection.asked = environment_.clock.now_seconds();
    selection.without_trees = true;
    return with_fresh_pass(environment_, reader_, options_.account, std::move(selection));
  }

  void list_others() {
    for (store::TreeRecord& record : records_.list().records) {
      const bool is_this = resumed_ && record.id == resumed_->id;
      if (record.account == target_.name && !is_this) others_.push_back(std::move(record));
    }
  }

  TargetNames inspect_target() {
    TargetMailbox mailbox =
        opener_->run([this] { session_ = opener_->open(); },
                     [this] { return inspect_mailbox(session_, target_.name); });
    // With --to the administrator has named the mailbox explicitly.
    if (options_.to.empty() && target_.name == options_.account) {
      refuse_changed_mailbox(environment_, reader_, target_.name, session_, mailbox.inbox);
    }
    if (!options_.dry_run) witness_.prove(witness_.look(session_, mailbox.inbox));
    personal_ = std::move(mailbox.personal);
    return std::move(mailbox.names);
  }

  // No other run chooses a name until this run's tree is created and recorded. Other accounts' runs
  // wait meanwhile, so that a server on which no name is free is found before.
  std::string free_name(const TargetNames& names) {
    if (!options_.dry_run) {
      find_free_name(names);  // the records of other trees, which cost requests, are of no use yet
      naming_ = lock_naming(environment_.files, environment_.clock, location_);
    }
    list_others();
    return find_free_name(names);
  }

  std::string find_free_name(const TargetNames& names) {
    const auto now = environment_.clock.now_seconds();
    return free_tree_name(session_, names, others_, now, [&](std::chrono::sys_seconds time) {
      const auto& restore = environment_.config.restore;
      return tree_name(restore.tree, time, restore.time_zone, target_.user, names.delimiter);
    });
  }

  void begin_report() {
    const auto now = environment_.clock.now_seconds();
    const auto duration =
        options_.expire_after.value_or(environment_.config.expire_after_of(target_));
    report_.account = options_.account;
    report_.to = target_.name;
    report_.tree = plan_.tree;
    // Another account may have a tree of the same name.
    const bool is_to_itself = options_.to.empty() && target_.name == options_.account;
    if (!is_to_itself) report_.resume_options = " --to " + base::shell_quoted(target_.name);
    report_.resume_options += as_of_option(environment_);
    // A clock that is behind must not make a resumed tree expire before its time.
    report_.expires = std::max(now, resumed_ ? resumed_->created : now) + duration;
    if (resumed_) {
      record_ = *resumed_;
      report_.expires = options_.expire_after ? report_.expires : record_.expires;
    } else {
      record_.created = now;
    }
    record_.expires = report_.expires;
    if (!options_.in_place) {
      report_.last_sweep = base::last_sweep(environment_.files, environment_.config.store, now);
    }
    report_.quota.proof = "not tested: a dry run writes nothing";
    if (!options_.dry_run) return;
    for (const PlannedFolder& folder : plan_.folders) report_.folders.push_back(report_of(folder));
    report_.plan.emplace().counts = plan_.counts;
    report_.plan->took_backup = options_.selection.missing;
    if (!resumed_ && !options_.in_place) {
      report_.plan->shown_tree =
          name_without_time(environment_.config.restore.tree, target_.user, plan_.delimiter);
    }
    if (!has_quota()) return;
    const auto uses =
        doing_without([this] { return quota_uses(session_, std::string(imap::kInbox)); });
    report_.plan->is_room_unknown = session_.done_without().contains("GETQUOTAROOT");
    if (const auto use = storage_use(uses)) {
      report_.plan->room = PlanSummary::Room{use->usage, use->limit};
    }
  }

  // A server whose quota is configured as "none" is not asked: it may answer in a form of its own.
  bool has_quota() const { return server_.quota != base::QuotaKind::kNone; }

  void begin_record() {
    record_.state = store::TreeState::kRestoring;
    if (resumed_) return;
    begin_tree(record_, target_, plan_, snapshot_);
    records_.begin(record_.id);
    record_.host = store::host_id(environment_.files);
    record_.request = write_request(lasting_request(
        environment_, reader_, {options_.account, asked_, requester_of(environment_), options_.job},
        snapshot_));
    lock_ = lock_for_run(environment_.files, location_, record_);
  }

  std::set<std::string> holders() const {
    std::set<std::string> raw_names;
    for (const PlannedFolder& folder : plan_.folders) {
      if (!folder.messages.empty()) raw_names.insert(folder.target_raw_name);
    }
    return raw_names;
  }

  void prove_quota(TreeBuilder& builder) {
    std::vector<std::string> levels(
        plan_.levels.begin(),
        std::find(plan_.levels.begin(), plan_.levels.end(), plan_.tree_raw_name) + 1);
    const std::string probe = probe_folder(plan_);
    levels.push_back(probe);
    builder.create(levels);
    naming_.reset();  // the name is taken, and the levels that others may share are recorded
    for (const std::string& raw_name : {plan_.tree_raw_name, probe}) {
      const std::string refusal = builder.refusal(raw_name);
      if (refusal.empty()) continue;
      give_up_tree();
      base::fail(base::ErrorCode::kRefused, "restore: {}: tree {}: {}",
                 base::escape_for_terminal(target_.name), plan_.tree, refusal);
    }
    report_.quota = doing_without([&] {
      return quota_->establish(record_, *record_.level(probe), [&] { records_.put(record_); });
    });
    site().remove_level(probe);
    if (quota_->may_proceed(report_.quota, options_.allow_quota)) return;
    give_up_tree();
    quota_->refuse(report_.quota, options_.allow_quota);
  }

  // Called before anything is restored: removes what was created. What an earlier run restored
  // stays until it expires.
  void give_up_tree() {
    if (resumed_) {
      record_.state = store::TreeState::kIncomplete;
      records_.put(record_);
      return;
    }
    site().give_up();
  }

  TreeSite site() { return {environment_, location_, {session_, records_, record_, others_}}; }

  RestoreReport restore_in_place(std::map<std::string, SourceFolder> sources,
                                 const TargetNames& names) {
    std::set<std::string> there;
    for (const imap::Folder& folder : session_.list_personal_folders()) {
      if (folder.can_be_opened()) there.insert(folder.raw_name);
    }
    keep_renamed(plan_, names,
                 [&](const std::string& raw_name) { return there.contains(raw_name); });
    InPlace place(session_, plan_, std::move(sources), target_.name);
    place.refuse_unless_empty(reader_);
    report_.quota = {false, "mail restored in place counts like any other"};
    if (options_.dry_run) return report_;
    if (has_quota()) doing_without([&] { place.refuse_without_room(options_.allow_quota); });
    place.create_folders();
    place.create_renamed(rename_refused(plan_, names, [&](const std::string& raw_name) {
      return !place.refusal(raw_name).empty();
    }));
    try {
      write(place, place.kind_of_start());
      place.restore_properties(properties_, {owner(), target_.user});
      session_.logout();
    } catch (const base::Error& error) {
      if (report_.folders.empty()) throw;
      report_.error = error.what();
    } catch (const base::Stopped& stopped) {
      report_.error = fmt::format("{}: continue with the same command", stopped.what());
    }
    std::ranges::copy(place.notes(), std::back_inserter(report_.notes));
    return report_;
  }

  // The user's name on the source's server, if that is still configured.
  std::string owner() const {
    for (const base::AccountConfig& account : environment_.config.accounts) {
      if (account.name == options_.account) return account.user;
    }
    return options_.account;
  }

  void write(RestoreTarget& target, Start start) {
    PlanWriter({session_, [this] { return reconnect(); }, server_.connections, environment_.clock,
                progress_},
               plan_, reader_, report_)
        .write(target, start);
  }

  const base::Environment& environment_;
  const RunOptions& options_;
  ProgressEvents& progress_;
  store::Location location_;
  store::Reader reader_;
  store::TreeRecords records_;
  std::unique_ptr<base::FileLock> lock_;    // of the tree
  std::unique_ptr<base::FileLock> naming_;  // until its top is created
  std::optional<store::TreeRecord> resumed_;
  SelectionOptions asked_;
  store::ObjectId snapshot_;
  base::AccountConfig target_;
  const base::ServerConfig& server_;
  std::unique_ptr<imap::AccountOpener> opener_;
  imap::Session session_;
  imap::MailboxWitness witness_;
  std::vector<store::TreeRecord> others_;
  store::AccountProperties properties_;  // of the source
  imap::Namespace personal_;
  Plan plan_;
  std::optional<QuotaExemption> quota_;
  store::TreeRecord record_;
  RestoreReport report_;
};

}  // namespace

base::ExitStatus run(const base::Environment& environment, const RunOptions& options) {
  if (options.resume.empty() && !options.all && !options.selection.all &&
      !selects_some(options.selection)) {
    base::fail(
        base::ErrorCode::kUsage,
        "run {}: choose what to restore with --folder, --message, --query, --since, --before "
        "or --missing, or in the file of --selection, or the whole snapshot with --all",
        base::escape_for_terminal(options.account));
  }
  ProgressEvents progress(environment.clock, options.progress_fd);
  base::stop_on_request(base::OnStop::kThrow);
  Run run(environment, options, progress, open_resources(environment, options));
  const RestoreReport report = run.carry_out();
  if (!options.dry_run) {
    base::print_report(environment.format, report.to_json(), with_head(report.to_text()));
  } else if (environment.format == base::OutputFormat::kJson) {
    base::print_result(report.to_json());
  } else {
    print_text(report.to_text());
  }
  const base::ExitStatus status = options.dry_run ? base::ExitStatus::kDone : report.exit_status();
  progress.finish(static_cast<int>(status));
  const bool is_all_tried = !options.dry_run && report.error.empty();
  if (is_all_tried) {
    const UserMail user_mail(environment);
    user_mail.notify_restored(run.record());
    user_mail.send_pending({&run.record(), 1}, ClockTrust::kUntrusted);
  }
  return status;
}

base::Command run_command() {
  const auto options = std::make_shared<RunOptions>();
  return {
      .name = "run",
      .help = "Restore a selection as a new tree",
      .declare =
          [options](base::Options& declared) {
            declared.argument("NAME", options->account, "The account").required();
            declare_selection(declared, options->selection);
            base::Option all =
                declared.flag("--all", options->all, "Restore everything in the snapshot");
            for (const char* selecting : {"--folder", "--subfolders", "--message", "--query",
                                          "--since", "--before", "--selection"}) {
              all.excludes(selecting);
            }
            declared.value("--resume", options->resume, "TREE",
                           "Continue with the tree of a run that did not finish");
            declared.make_exclusive("--resume");
            declared.value("--to", options->to, "ACCOUNT", "Restore into another account");
            declared
                .flag("--in-place", options->in_place,
                      "Not as a tree, but into the folders of an account that holds no messages; "
                      "needs --to")
                .needs("--to")
                .excludes("--resume");
            declared.flag("--dry-run", options->dry_run, "Print what would be done; write nothing");
            declared
                .value("--expire-after", options->expire_after, "DURATION",
                       "How long the tree stays, as 7d")
                .excludes("--in-place");
            declare_progress(declared, options->progress_fd);
            declared.flag("--allow-quota", options->allow_quota,
                          "Continue even if the tree counts towards the quota, if there is room");
          },
      .is_audited = base::always,
      .account = [options] { return options->account; },
      .read_input = [options] { options->selection = given_selection(options->selection); },
      .audit_details = [options] { return audit_details(options->selection); },
      .function = [options](const auto& environment) { return run(environment, *options); }};
}

}  // namespace restore
