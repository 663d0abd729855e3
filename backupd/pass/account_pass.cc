#include "backupd/pass/account_pass.h"

#include <algorithm>
#include <functional>
#include <random>
#include <utility>

#include "base/glob.h"
#include "base/log.h"
#include "base/stop_request.h"
#include "imap/connection_lost.h"
#include "imap/folder_name.h"
#include "store/format/limits.h"
#include "store/format/verified.h"
#include "store/reader.h"

namespace backupd {

namespace {

using store::FolderCompleteness;
using store::FolderRecord;

constexpr int kMaxRounds = 3;

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

// 0: unknown.
std::uint32_t generation_of(const imap::Folder& folder) {
  return folder.status ? folder.status->uid_validity.value_or(0) : 0;
}

bool is_whole(const FolderRecord& record) {
  return (record.info.completeness == FolderCompleteness::kComplete ||
          record.info.completeness == FolderCompleteness::kContainer) &&
         record.info.skipped.empty();
}

// As is_unchanged(), within one pass and for servers without HIGHESTMODSEQ too: a change of flags
// alone is no reason for another round.
bool is_settled(const imap::Folder& folder, const FolderRecord& record) {
  if (!folder.status || record.info.completeness != FolderCompleteness::kComplete) return false;
  const bool same_modseq =
      !folder.status->highest_modseq || folder.status->highest_modseq == record.info.highest_modseq;
  return same_modseq && folder.status->uid_validity.value_or(0) == record.info.uid_validity &&
         folder.status->uid_next == record.info.uid_next &&
         folder.status->messages == record.receipt.messages + record.info.skipped.size();
}

bool is_same(const std::vector<store::FolderRecord>& a, const std::vector<store::FolderRecord>& b) {
  return std::ranges::equal(a, b, {}, &store::FolderRecord::id, &store::FolderRecord::id);
}

}  // namespace

AccountPass::AccountPass(const base::Environment& environment, const base::AccountConfig& account,
                         const RestoredTrees& trees, const SharedStore& store)
    : environment_(environment),
      account_(account),
      trees_(trees),
      store_(store),
      started_(environment.clock.now_seconds()),
      back_off_(environment.config.server_of(account).transfer.retry_for, std::random_device{}()),
      known_(store.writer.reader()) {
  report_.account = account.name;
}

void AccountPass::load_last() {
  const auto newest = store_.writer.reader().newest_snapshot(account_.name);
  if (!newest) return;
  prefix_ = newest->personal_prefix;
  try {
    before_ = last_ = store_.writer.reader().folders(*newest);
    properties_ = store::to_account_properties(store_.writer.reader().properties(*newest));
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
    base::log_warning("{}: {}: the account is fetched anew: run mailstow-backupd check --repair",
                      account_.name, error.what());
  }
}

AccountReport AccountPass::run(const Open& open, SpareSessions& spares) {
  StoreTurn turn(store_.mutex);
  load_last();
  const auto budget = environment_.config.daily_bytes_of(account_);
  daily_budget_.emplace(budget, properties_.fetched.day, properties_.fetched.bytes,
                        environment_.clock);
  store_.schedule.join(*this);
  const struct Leaving {
    AccountPass& pass;
    ~Leaving() { pass.store_.schedule.leave(pass); }
  } leaving{*this};
  try {
    pass_with_retries(open, spares, turn);
    finish();
  } catch (const store::Unstorable& error) {
    // What is known now is not recorded: it would fail once more. What was recorded before stays.
    spares.drop();
    end_with(error);
    if (report_.snapshot) report_.status = PassStatus::kPartial;
  }
  report_.troubles = admission_.troubles();
  for (const std::string& line : report_.troubles) {
    base::log_warning("{}: {}", account_.name, line);
  }
  if (!report_.troubles.empty() && report_.status == PassStatus::kComplete) {
    report_.status = PassStatus::kPartial;
  }
  store_.progress.finish_account();
  return std::move(report_);
}

void AccountPass::end_with(const base::Error& error) {
  report_.error = short_reason(error.what(), store::kMaxReason);
  report_.error_code = error.code();
  base::log_error("{}: {}", account_.name, error.what());
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
      keep_progress();
      pause = pause_after(error);
      if (pause) {
        base::log_warning("{}: {}: going on in {} ms", account_.name, error.what(), pause->count());
      } else {
        end_with(error);
        park();
      }
    } catch (const base::Stopped&) {
      pause.reset();
      report_.error = "stopped: the next backup goes on where this one was";
      park();
    }
  } while (pause);
}

void AccountPass::finish() {
  const bool is_finished = report_.error.empty();
  if (is_finished) {
    const bool whole = std::all_of(current_.begin(), current_.end(), is_whole);
    vanished_ = count_vanished();
    add_snapshot(current_, is_moving_ ? store::SnapshotStatus::kMoving
                           : whole    ? store::SnapshotStatus::kComplete
                                      : store::SnapshotStatus::kPartial);
    report_.status = whole && !is_moving_ ? PassStatus::kComplete : PassStatus::kPartial;
    tell_what_is_parked();
  } else if (report_.snapshot) {
    report_.status = PassStatus::kPartial;
  }
}

void AccountPass::attempt(const Open& open, SpareSessions& spares, StoreTurn& turn) {
  OpenAccount account = turn.away([&] { return open(prefix_); });
  const auto& personal = account.namespaces.personal;
  prefix_ = personal.empty() ? "" : admission_.prefix(personal.front().prefix);
  admission_.admit(account.folders);
  if (!std::exchange(was_open_, true)) {
    started_ = account.listed;
    expect(account.folders);
  }
  refuse_lost_inbox(account.session.list_gaps());
  pass_folders({account.session, spares, store_.writer, turn, store_.budget, started_, departures_,
                stumbles_, *daily_budget_, admission_,
                [this](std::uint64_t wanted) { return known(wanted); }},
               account.folders);
  const AskedFolders folders = asked_folders();
  properties_ = turn.away([&] {
    spares.log_out();
    auto properties = pass_properties(account.session, folders, properties_, started_);
    account.session.logout();
    return properties;
  });
  admission_.admit(properties_);
}

// Tells what there is to fetch, by what the server says of folders that changed.
void AccountPass::expect(const std::vector<imap::Folder>& listed) {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  for (const imap::Folder& folder : listed) {
    if (!folder.status || !folder.can_be_opened() || is_left_out(folder)) continue;
    const FolderRecord* const last = last_of(folder);
    const bool is_known = last != nullptr && folder.status->uid_validity == last->info.uid_validity;
    const auto beyond = [](std::uint64_t now, std::uint64_t known) {
      return now - std::min(now, known);
    };
    messages += beyond(folder.status->messages.value_or(0), is_known ? last->receipt.messages : 0);
    bytes += beyond(folder.status->size.value_or(0), is_known ? last->bytes : 0);
  }
  store_.progress.expect(messages, bytes);
}

AskedFolders AccountPass::asked_folders() const {
  AskedFolders folders;
  folders.has_changed = !is_same(before_, current_);
  for (const FolderRecord& record : current_) {
    if (record.info.completeness == FolderCompleteness::kContainer) continue;
    folders.all.push_back(record.info.raw_name);
    const FolderRecord* const before = find_folder(before_, record.info.raw_name);
    if (before == nullptr || before->id != record.id) {
      folders.changed.push_back(record.info.raw_name);
    }
  }
  return folders;
}

// Nothing: it is not worth another try. A server that never let us in is not waited for, unless it
// asks for that: there may be a thousand accounts.
std::optional<std::chrono::milliseconds> AccountPass::pause_after(const base::Error& error) {
  const auto* const lost = dynamic_cast<const imap::ConnectionLost*>(&error);
  const auto asked_for = lost != nullptr ? lost->pause() : std::nullopt;
  const bool may_pass = error.code() == base::ErrorCode::kNetwork ||
                        error.code() == base::ErrorCode::kProtocol ||
                        error.code() == base::ErrorCode::kTls;
  if (!asked_for && !(may_pass && was_open_)) return std::nullopt;
  // Where UIDs mean nothing the next time, the same messages come again and again.
  std::uint64_t done = passed_.size();
  for (const FolderRecord& record : last_) done += record.receipt.messages;
  if (done > most_done_) back_off_.reset();
  most_done_ = std::max(most_done_, done);
  return back_off_.next(environment_.clock.steady_now(), asked_for);
}

// What has been passed is what the next attempt goes on from.
void AccountPass::keep_progress() {
  Records records = std::exchange(current_, {});
  if (in_progress_) records.push_back(*std::exchange(in_progress_, std::nullopt));
  for (FolderRecord& record : last_) {
    if (find_folder(records, record.info.raw_name) == nullptr) records.push_back(std::move(record));
  }
  last_ = std::move(records);
}

void AccountPass::pass_folders(const PassTools& tools, const std::vector<imap::Folder>& listed) {
  const auto list_again = [&] {
    auto listed_now = tools.turn.away([&] { return tools.session.list_personal_folders(); });
    admission_.admit(listed_now);
    return listed_now;
  };
  // A message that moves between folders during a pass may be missed in both: so pass again what
  // changed, until a listing shows that all of it held at one moment.
  for (int round = 0; round < kMaxRounds; ++round) {
    const bool first_round = round == 0;
    if (!pass_once(tools, first_round ? listed : list_again(), first_round)) return;
    last_ = current_;
  }
  const std::vector<imap::Folder> at_the_end = list_again();
  // A folder that was deleted before it was opened does not count as unreadable.
  std::erase_if(current_, [&](const FolderRecord& record) {
    return record.info.completeness == FolderCompleteness::kUnreadable &&
           !unlisted_.contains(record.info.raw_name) &&
           std::ranges::find(at_the_end, record.info.raw_name, &imap::Folder::raw_name) ==
               at_the_end.end();
  });
  is_moving_ = std::any_of(at_the_end.begin(), at_the_end.end(), [&](const imap::Folder& folder) {
    if (is_left_out(folder) || !folder.can_be_opened()) return false;
    if (!Admission::has_room_for_name(folder)) return false;
    const FolderRecord* record = find_folder(current_, folder.raw_name);
    return record == nullptr || (record->info.completeness == FolderCompleteness::kComplete &&
                                 !is_settled(folder, *record));
  });
}

// The folder's own record, whatever it was called; not that of another one which had its name.
const FolderRecord* AccountPass::last_of(const imap::Folder& folder) const {
  const FolderRecord* const namesake = find_folder(last_, folder.raw_name);
  const std::string id = folder.status ? folder.status->mailbox_id.value_or("") : "";
  if (id.empty()) return namesake;
  const auto same = std::find_if(last_.begin(), last_.end(), [&](const FolderRecord& record) {
    return record.info.mailbox_id == id;
  });
  if (same != last_.end()) return &*same;
  return namesake != nullptr && namesake->info.mailbox_id.empty() ? namesake : nullptr;
}

// Reading the entry of a message takes a thousandth of the time that fetching one does.
KnownMessages* AccountPass::known(std::uint64_t wanted) {
  constexpr std::uint64_t kFewEnough = 10'000;
  constexpr std::uint64_t kEntriesForOne = 1'000;
  std::uint64_t entries = 0;
  for (const Records* records : {&last_, &current_}) {
    for (const FolderRecord& record : *records) entries += record.receipt.messages;
  }
  if (entries == 0 || entries > kFewEnough + wanted * kEntriesForOne) return nullptr;
  for (const Records* records : {&last_, &current_}) {
    for (const FolderRecord& record : *records) known_.add(record);
  }
  return &known_;
}

// Whether any folder had changed.
bool AccountPass::pass_once(const PassTools& tools, const std::vector<imap::Folder>& listed,
                            bool first_round) {
  bool changed = false;
  current_.clear();
  for (const imap::Folder& folder : listed) {
    if (is_left_out(folder)) continue;
    if (!Admission::has_room_for_name(folder)) {
      // What an earlier mailstow recorded of it stays.
      if (const FolderRecord* const last = last_of(folder)) current_.push_back(*last);
      continue;
    }
    if (!folder.can_be_opened()) {
      current_.push_back(container(folder));
      continue;
    }
    const FolderRecord* last = last_of(folder);
    const bool is_passed = !first_round || passed_.contains(folder.raw_name);
    const bool same =
        last != nullptr && last->info.raw_name == folder.raw_name &&
        (is_passed ? is_settled(folder, *last) : is_unchanged(folder, *last, started_));
    const auto refused = refused_.find(folder.raw_name);
    const bool given_up = is_passed && last != nullptr &&
                          last->info.completeness == FolderCompleteness::kUnreadable &&
                          refused != refused_.end() && refused->second == generation_of(folder);
    const bool is_parked = last != nullptr && parked_.contains(folder.raw_name);
    if (same || given_up || is_parked) {
      current_.push_back(*last);
    } else {
      changed = true;
      current_.push_back(pass_folder(tools, folder, last));
    }
  }
  keep_unlisted(tools.session.list_gaps());
  return changed;
}

// A deleted mailbox, or one that a server loses for a while, must not become the newest snapshot.
void AccountPass::refuse_lost_inbox(const imap::ListGaps& gaps) const {
  const FolderRecord* const inbox = find_folder(last_, std::string(imap::kInbox));
  if (!gaps.inbox_is_nonexistent || inbox == nullptr || inbox->receipt.messages == 0) return;
  base::fail(
      base::ErrorCode::kRefused,
      "INBOX, which held {} messages, no longer exists on the server ({}): its last snapshot "
      "stays the newest: if the account was deleted, remove it from the configuration",
      inbox->receipt.messages, gaps.inbox_refusal);
}

// The folders that must exist although the server does not list them keep their last state.
void AccountPass::keep_unlisted(const imap::ListGaps& gaps) {
  unlisted_.clear();
  const auto keep = [&](const store::FolderInfo& info, const std::string& reason) {
    imap::Folder folder;
    folder.raw_name = info.raw_name;
    folder.delimiter = info.delimiter == '\0' ? std::nullopt : std::optional(info.delimiter);
    folder.attributes = info.attributes;
    if (find_folder(current_, info.raw_name) != nullptr || is_left_out(folder)) return;
    unlisted_.insert(info.raw_name);
    const FolderRecord* const last = find_folder(last_, info.raw_name);
    const bool is_known = last != nullptr && last->info.trouble == reason &&
                          last->info.completeness == FolderCompleteness::kUnreadable;
    if (!is_known) base::log_warning("{}: {}: {}", account_.name, shown(info), reason);
    current_.push_back(is_known ? *last : unreadable(folder, last, reason));
  };
  if (!gaps.inbox_refusal.empty()) {
    store::FolderInfo inbox;
    inbox.raw_name = imap::kInbox;
    keep(inbox, "the server does not list INBOX and refuses it: " + gaps.inbox_refusal);
  }
  if (!gaps.is_empty) return;
  for (const FolderRecord& record : last_) {
    if (record.info.completeness == FolderCompleteness::kContainer) continue;
    keep(record.info, "the server listed no folder at all, though there were some before");
  }
}

FolderRecord AccountPass::pass_folder(const PassTools& tools, const imap::Folder& folder,
                                      const FolderRecord* last) {
  in_progress_.reset();
  has_news_ = true;
  store_.progress.begin_folder(
      account_.name,
      imap::shown_folder_name(folder.raw_name, folder.delimiter.value_or('\0'), prefix_));
  FolderPass pass(tools, *this);
  const auto count = [&] {
    report_.fetched_messages += pass.counts().fetched_messages;
    report_.fetched_bytes += pass.counts().fetched_bytes;
    report_.new_messages += pass.counts().new_messages;
    report_.new_bytes += pass.counts().new_bytes;
    daily_budget_->use(pass.counts().fetched_bytes);
  };
  try {
    FolderRecord record = pass.run(folder, last);
    count();
    passed_.insert(folder.raw_name);
    const bool is_in_progress = record.info.completeness == FolderCompleteness::kInProgress;
    if (is_in_progress && record.info.trouble.empty()) parked_.insert(folder.raw_name);
    if (is_in_progress && !record.info.trouble.empty()) {
      base::log_warning("{}: {}: {}", account_.name, shown(record.info), record.info.trouble);
    }
    return record;
  } catch (const base::Error& error) {
    count();
    if (error.code() != base::ErrorCode::kRefused) throw;
    passed_.insert(folder.raw_name);
    refused_.insert_or_assign(folder.raw_name, generation_of(folder));
    base::log_warning("{}: {}", account_.name, error.what());
    return unreadable(folder, last, error.what());
  }
}

void AccountPass::opened(store::FolderDraft& draft) {
  open_draft_ = &draft;
}

void AccountPass::message_stored(std::uint64_t bytes) {
  store_.progress.message(bytes);
  store_.schedule.commit_if_due();
}

void AccountPass::closed(std::optional<store::FolderRecord> sealed) {
  open_draft_ = nullptr;
  in_progress_ = std::move(sealed);
}

bool AccountPass::is_left_out(const imap::Folder& folder) const {
  if (trees_.contain(folder)) return true;
  const std::string name =
      imap::shown_folder_name(folder.raw_name, folder.delimiter.value_or('\0'), prefix_);
  const auto matches = [&](const std::string& glob) { return base::glob_matches(glob, name); };
  return std::ranges::any_of(environment_.config.exclude, matches) ||
         std::ranges::any_of(account_.exclude, matches);
}

}  // namespace backupd
