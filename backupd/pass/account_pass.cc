#include "backupd/pass/account_pass.h"

#include <algorithm>
#include <exception>
#include <random>
#include <utility>

#include "backupd/pass/containment.h"
#include "backupd/pass/outside_folders.h"
#include "backupd/report/folder_names.h"
#include "base/finally.h"
#include "base/log.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "base/utf8.h"
#include "imap/connection_lost.h"
#include "store/format/limits.h"
#include "store/reader.h"

namespace backupd {

namespace {

// Whether the error is about this account and its server, not about the store or this machine.
bool concerns_account(base::ErrorCode code) {
  switch (code) {
    case base::ErrorCode::kLogin:
    case base::ErrorCode::kNetwork:
    case base::ErrorCode::kTls:
    case base::ErrorCode::kProtocol:
    case base::ErrorCode::kRefused:
    case base::ErrorCode::kConfig:
      return true;
    default:
      return false;
  }
}

bool is_too_slow(const base::Error& error) {
  const auto* const lost = dynamic_cast<const imap::ConnectionLost*>(&error);
  return lost != nullptr && lost->cause() == imap::ConnectionLost::Cause::kAccountTooSlow;
}

}  // namespace

AccountPass::AccountPass(const base::Environment& environment, const base::AccountConfig& account,
                         const RestoredTrees& trees, const SharedStore& store)
    : environment_(environment),
      account_(account),
      store_(store),
      filter_(environment.config, account, trees),
      snapshot_(store.writer, filter_, report_, environment.clock.now_seconds()),
      rounds_(store, filter_, admission_, report_),
      back_off_(environment.config.server_of(account).transfer.retry_for, std::random_device{}()),
      waits_(std::make_shared<imap::WaitBudget>(
          environment.config.server_of(account).transfer.account_timeout, environment.clock)) {
  report_.account = account.name;
  report_.user = account.user;
}

AccountReport AccountPass::run(const Open& open, SpareSessions& spares) {
  StoreTurn turn(store_.mutex);
  try {
    load();
    spares.wait_within(waits_);
    store_.schedule.join(*this);
    const base::Finally leave([this] { store_.schedule.leave(*this); });
    pass_with_retries(open, spares, turn);
    finish();
  } catch (...) {
    const AccountFailure failure = contain(std::current_exception(), store_.writer);
    spares.drop();
    end_with(failure.reason, failure.code);
    keep_finished_folders();
    if (report_.snapshot) report_.status = PassStatus::kPartial;
  }
  describe_end();
  store_.progress.finish_account();
  return std::move(report_);
}

// A folder that was being changed when it failed is not recorded, and nothing is if recording would
// fail again. Earlier records stay.
void AccountPass::keep_finished_folders() {
  try {
    rounds_.drop_open_folder();
  } catch (...) {
    const AccountFailure failure = contain(std::current_exception(), store_.writer);
    store_.causes.warn(report_.names(), failure.reason);
  }
  park();
}

void AccountPass::describe_end() {
  FolderNames folders;
  for (const FolderReceipt& receipt : report_.receipts) folders.add(receipt.folder);
  const auto log = [&](const std::string& line) {
    store_.causes.warn(report_.names(folders.at_start_of(line)), line);
  };
  std::ranges::for_each(report_.warnings, log);
  report_.troubles = admission_.troubles();
  if (report_.snapshot) {
    for (const std::string& change : rounds_.changes()) report_.troubles.push_back(change);
  }
  std::ranges::for_each(report_.troubles, log);
  if (!report_.troubles.empty() && report_.status == PassStatus::kComplete) {
    report_.status = PassStatus::kPartial;
  }
  if (report_.status == PassStatus::kPartial && report_.error.empty() && report_.troubles.empty() &&
      report_.skipped.empty()) {
    report_.troubles.emplace_back(
        "some folders were not read to the end: the next backup continues with them");
  }
}

void AccountPass::load() {
  snapshot_.load_last();
  const auto& fetched = snapshot_.properties().fetched;
  rounds_.begin(snapshot_.last(),
                DailyBudget(environment_.config.daily_bytes_of(account_), fetched.day,
                            fetched.bytes, environment_.clock),
                *waits_);
}

void AccountPass::end_with(const std::string& reason, std::optional<base::ErrorCode> code) {
  report_.error = base::shortened(reason, store::kMaxReason);
  report_.error_code = code;
  store_.causes.report(report_.names(), reason);
}

void AccountPass::pass_with_retries(const Open& open, SpareSessions& spares, StoreTurn& turn) {
  std::optional<std::chrono::milliseconds> pause;
  do {
    try {
      if (pause) turn.away([&] { environment_.clock.sleep_for(*pause); });
      pause.reset();
      attempt(open, spares, turn);
    } catch (const base::Error& error) {
      if (!concerns_account(error.code())) throw;
      spares.drop();
      rounds_.keep_progress();
      const bool changes_its_ways = do_without_after(error, spares) || list_carefully_after(error);
      pause = changes_its_ways ? std::chrono::milliseconds(0) : pause_after(error);
      if (pause) {
        store_.causes.warn(report_.names(), error.what(),
                           fmt::format(": trying again in {} ms", pause->count()));
      } else {
        end_with(error.what(), error.code());
        keep_finished_folders();
      }
    } catch (const base::Stopped&) {
      pause.reset();
      report_.error = "stopped: the next backup continues where this one ended";
      park();
    }
  } while (pause);
}

void AccountPass::attempt(const Open& open, SpareSessions& spares, StoreTurn& turn) {
  // With nothing to compare with, the server would compute the other values for nothing.
  const bool has_records = !rounds_.last().all().empty();
  const auto detail = has_records ? imap::ListDetail::kSizes : imap::ListDetail::kNumbers;
  spares.list_with(detail);
  // With a snapshot to compare with, only the whole list shows whether this is the same mailbox.
  const bool lists_in_parts = snapshot_.is_first() && !has_records && !listing_.is_one_by_one;
  OpenAccount account = turn.away([&] {
    return open({filter_.prefix(), shortcomings_.pipelines(), listing_, waits_,
                 shortcomings_.without(), detail, lists_in_parts});
  });
  if (!std::exchange(was_open_, true)) snapshot_.set_time(account.listed);
  const auto& personal = account.namespaces.personal;
  filter_.set_prefix(personal.empty() ? "" : admission_.prefix(personal.front().prefix));
  admission_.note(account.namespaces);
  read_while_listing(account, spares, turn);
  spares.prove(account.folders);
  admission_.admit(account.folders);
  admission_.note(account.session.list_gaps());
  if (!std::exchange(is_expected_, true)) rounds_.expect(account.folders);
  refuse_lost_inbox(account.session.list_gaps());
  rounds_.run(account.session, spares, turn, account.folders, snapshot_.time());
  const ListedFolders folders = snapshot_.listed_folders(rounds_.records());
  store::AccountProperties properties = snapshot_.properties();
  std::vector<imap::Folder> outside;
  try {
    turn.away([&] {
      spares.log_out();
      outside = folders_outside(account.session);
      properties = refresh_properties(account.session, folders, properties, snapshot_.time());
      account.session.logout();
    });
  } catch (const imap::ConnectionLost& lost) {
    if (!lost.pause()) throw;
    // All mail is there, and these are not worth a wait.
    report_.warnings.push_back(
        fmt::format("rights, METADATA, quotas and subscriptions keep their last known values: {}",
                    lost.what()));
  }
  for (std::string& line : admission_.other_odd_lines(account.session.odd_lines())) {
    report_.warnings.push_back(std::move(line));
  }
  std::string warning = outside_warning(outside, filter_);
  if (personal.empty()) {
    admission_.note_only_inbox(std::move(warning));
  } else if (!warning.empty()) {
    report_.warnings.push_back(std::move(warning));
  }
  admission_.admit(properties);
  snapshot_.set_properties(std::move(properties));
}

// A server lists folders on one processor, so that some can be read on another one meanwhile.
// Completes the list.
void AccountPass::read_while_listing(OpenAccount& account, SpareSessions& spares, StoreTurn& turn) {
  constexpr std::size_t kPart = 256;      // so few that the end of the list is noticed in time
  constexpr std::size_t kAtOnce = 4'000;  // received ahead of those that are read
  if (!account.is_part) return;
  std::vector<SpareSession> taken;
  if (spares.prove(account.session.inbox_ahead())) taken = spares.take(1);
  if (!taken.empty() && turn.away([&] { return spares.open(taken.front()); }) != nullptr) {
    const SpareSessions::Hold hold(spares);
    listing_.is_listed = true;  // as far as it is read
    rounds_.read_while_listing(*taken.front().session, spares, turn, snapshot_.time(), [&] {
      if (!account.folders.empty()) return std::exchange(account.folders, {});
      listing_.is_listed = false;  // a failure is about the list
      auto some = turn.away([&] { return account.session.list_some(kPart, kAtOnce); });
      listing_.is_listed = true;
      return some;
    });
    spares.give_back(std::move(taken));
  }
  listing_.is_listed = false;
  account.folders = turn.away([&] { return account.session.list_personal_folders(); });
  listing_.is_listed = true;
}

// A deleted mailbox, or one that a server loses for a while, must not become the newest snapshot.
void AccountPass::refuse_lost_inbox(const imap::ListGaps& gaps) const {
  const store::FolderRecord* const inbox = rounds_.last().by_name(imap::kInbox);
  if (!gaps.inbox_is_nonexistent || inbox == nullptr || inbox->receipt.messages == 0) return;
  base::fail(
      base::ErrorCode::kRefused,
      "INBOX, which held {} messages, no longer exists on the server ({}): its last snapshot "
      "stays the newest: if the account was deleted, remove it from the configuration",
      inbox->receipt.messages, gaps.inbox_refusal);
}

// Returns nullopt if a further attempt is not worth it. A server that never accepted the login is
// not tried again, unless it asks the client to wait: there may be a thousand accounts.
std::optional<std::chrono::milliseconds> AccountPass::pause_after(const base::Error& error) {
  if (is_too_slow(error)) return std::nullopt;
  const auto* const lost = dynamic_cast<const imap::ConnectionLost*>(&error);
  const auto asked_for = lost != nullptr ? lost->pause() : std::nullopt;
  const bool may_pass =
      base::is_connection_trouble(error.code()) || error.code() == base::ErrorCode::kTls;
  if (!asked_for && !(may_pass && was_open_)) return std::nullopt;
  const std::uint64_t done = rounds_.done();
  if (done > most_done_) back_off_.reset();
  most_done_ = std::max(most_done_, done);
  return back_off_.next(environment_.clock.steady_now(), asked_for);
}

// The server does not carry out several commands at a time, or an optional one.
bool AccountPass::do_without_after(const base::Error& error, SpareSessions& spares) {
  const auto found = shortcomings_.note(error);
  if (!found) return false;
  if (found->command.empty()) {
    spares.stop_pipelining();
  } else {
    spares.do_without(found->command);
    report_.warnings.push_back(found->text() + ", so the backup did without it");
  }
  return true;
}

// The connection broke while the folders were listed with their status: the status of one folder
// may be the reason. It is found by requesting them one by one, and is then left out.
bool AccountPass::list_carefully_after(const base::Error& error) {
  constexpr std::size_t kMaxWithout = 20;
  const auto* const lost = dynamic_cast<const imap::ConnectionLost*>(&error);
  const bool is_asked_to_wait = lost != nullptr && lost->pause();
  if (!base::is_connection_trouble(error.code()) || is_asked_to_wait) return false;
  if (is_too_slow(error)) return false;
  if (!listing_.is_logged_in || listing_.is_listed) return false;
  if (!std::exchange(listing_.is_one_by_one, true)) return true;
  imap::StatusCaution& caution = listing_.caution;
  const std::string raw_name = std::exchange(caution.requested, {});
  if (raw_name.empty() || caution.without.size() == kMaxWithout) return false;
  caution.without.insert(raw_name);
  imap::Folder folder;
  folder.raw_name = raw_name;
  report_.warnings.push_back(
      fmt::format("{}: its STATUS broke the connection, so the folder was opened without it: {}",
                  filter_.shown(folder), error.what()));
  return true;
}

void AccountPass::finish() {
  const bool is_finished = report_.error.empty();
  if (is_finished) {
    const bool is_moving = rounds_.is_moving();
    const bool is_whole = rounds_.is_whole();
    snapshot_.count_vanished(rounds_.records(), rounds_.departures());
    snapshot_.set_cut_short(false);
    add_snapshot(rounds_.records(), is_moving  ? store::SnapshotStatus::kMoving
                                    : is_whole ? store::SnapshotStatus::kComplete
                                               : store::SnapshotStatus::kPartial);
    report_.status = is_whole && !is_moving ? PassStatus::kComplete : PassStatus::kPartial;
    report_parked_folders();
  } else if (report_.snapshot) {
    report_.status = PassStatus::kPartial;
  }
}

void AccountPass::report_parked_folders() {
  const std::size_t parked = rounds_.parked_folders();
  if (parked == 0) return;
  const std::string what =
      fmt::format("the daily amount of {} (daily_bytes) is used up: {} {} tomorrow",
                  base::format_size(environment_.config.daily_bytes_of(account_).value_or(0)),
                  parked, parked == 1 ? "folder continues" : "folders continue");
  base::log_info("{}: {}", account_.name, what);
  report_.error = what;
}

void AccountPass::park() {
  if (!rounds_.has_begun()) return;
  try {
    snapshot_.set_cut_short(true);
    add_snapshot(rounds_.so_far(), store::SnapshotStatus::kPartial);
  } catch (...) {
    // If its data is to blame, the account's own pass fails with the same error at its end.
    const AccountFailure failure = contain(std::current_exception(), store_.writer);
    store_.causes.warn(report_.names(), failure.reason);
  }
}

void AccountPass::add_snapshot(const FolderRecords& records, store::SnapshotStatus status) {
  snapshot_.add(records, status, rounds_.daily_budget());
}

}  // namespace backupd
