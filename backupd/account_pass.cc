#include "backupd/account_pass.h"

#include <algorithm>
#include <utility>

#include "base/glob.h"
#include "base/log.h"
#include "base/stop_request.h"
#include "imap/folder_name.h"
#include "store/reader.h"

namespace backupd {

namespace {

using store::FolderCompleteness;
using store::FolderRecord;

constexpr int kMostRounds = 3;

const FolderRecord* find(const std::vector<FolderRecord>& records, const std::string& raw_name) {
  const auto found = std::find_if(records.begin(), records.end(), [&](const FolderRecord& record) {
    return record.info.raw_name == raw_name;
  });
  return found == records.end() ? nullptr : &*found;
}

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
  return same_modseq && folder.status->uid_validity == record.info.uid_validity &&
         folder.status->uid_next == record.info.uid_next &&
         folder.status->messages == record.receipt.messages + record.info.skipped.size();
}

bool is_same(const std::vector<store::FolderRecord>& a, const std::vector<store::FolderRecord>& b) {
  return std::ranges::equal(a, b, {}, &store::FolderRecord::id, &store::FolderRecord::id);
}

}  // namespace

AccountPass::AccountPass(const base::Surroundings& surroundings, const base::AccountConfig& account,
                         const RestoredTrees& trees, const SharedStore& store)
    : surroundings_(surroundings),
      account_(account),
      trees_(trees),
      store_(store),
      started_(std::chrono::floor<std::chrono::seconds>(surroundings.clock.now())),
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

AccountReport AccountPass::run(const Open& open, const SpareSessions& spares) {
  StoreTurn turn(store_.mutex);
  load_last();
  store_.schedule.join(*this);
  const struct Leaving {
    AccountPass& pass;
    ~Leaving() { pass.store_.schedule.leave(pass); }
  } leaving{*this};
  try {
    OpenAccount account = turn.away([&] { return open(prefix_); });
    started_ = account.listed;
    const auto& personal = account.namespaces.personal;
    prefix_ = personal.empty() ? "" : personal.front().prefix;
    pass_folders({account.session, spares, store_.writer, turn, store_.budget, started_,
                  departures_, [this](std::uint64_t wanted) { return known(wanted); }},
                 account.folders);
    const bool has_changed = !is_same(before_, current_);
    properties_ = turn.away([&] {
      auto properties =
          pass_properties(account.session, current_, has_changed, properties_, started_);
      account.session.logout();
      return properties;
    });
  } catch (const base::Error& error) {
    if (!concerns_account(error.code())) throw;
    report_.error = error.what();
    report_.error_code = error.code();
    park();
    base::log_error("{}: {}", account_.name, error.what());
  } catch (const base::Stopped&) {
    report_.error = "stopped: the next backup goes on where this one was";
    park();
  }

  const bool is_finished = report_.error.empty();
  if (is_finished) {
    const bool whole = std::all_of(current_.begin(), current_.end(), is_whole);
    vanished_ = count_vanished();
    add_snapshot(current_, is_moving_ ? store::SnapshotStatus::kMoving
                           : whole    ? store::SnapshotStatus::kComplete
                                      : store::SnapshotStatus::kPartial);
    report_.status = whole && !is_moving_ ? PassStatus::kComplete : PassStatus::kPartial;
  } else if (report_.snapshot) {
    report_.status = PassStatus::kPartial;
  }
  return std::move(report_);
}

void AccountPass::pass_folders(const PassTools& tools, const std::vector<imap::Folder>& listed) {
  const auto list_again = [&] {
    return tools.turn.away([&] { return tools.session.list_personal_folders(); });
  };
  // A message that moves between folders during a pass may be missed in both: so pass again what
  // changed, until a listing shows that all of it held at one moment.
  for (int round = 0; round < kMostRounds; ++round) {
    const bool first_round = round == 0;
    if (!pass_once(tools, first_round ? listed : list_again(), first_round)) return;
    last_ = current_;
  }
  const std::vector<imap::Folder> at_the_end = list_again();
  is_moving_ = std::any_of(at_the_end.begin(), at_the_end.end(), [&](const imap::Folder& folder) {
    if (is_left_out(folder) || !folder.can_be_opened()) return false;
    const FolderRecord* record = find(current_, folder.raw_name);
    return record == nullptr || (record->info.completeness == FolderCompleteness::kComplete &&
                                 !is_settled(folder, *record));
  });
}

// The folder's own record, whatever it was called; not that of another one which had its name.
const FolderRecord* AccountPass::last_of(const imap::Folder& folder) const {
  const FolderRecord* const namesake = find(last_, folder.raw_name);
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
    if (!folder.can_be_opened()) {
      current_.push_back(container(folder));
      continue;
    }
    const FolderRecord* last = last_of(folder);
    const bool same =
        last != nullptr && last->info.raw_name == folder.raw_name &&
        (first_round ? is_unchanged(folder, *last, started_) : is_settled(folder, *last));
    const bool given_up = !first_round && last != nullptr &&
                          last->info.completeness == FolderCompleteness::kUnreadable;
    if (same || given_up) {
      current_.push_back(*last);
    } else {
      changed = true;
      current_.push_back(pass_folder(tools, folder, last));
    }
  }
  return changed;
}

FolderRecord AccountPass::pass_folder(const PassTools& tools, const imap::Folder& folder,
                                      const FolderRecord* last) {
  in_progress_.reset();
  has_news_ = true;
  FolderPass pass(tools, *this);
  const auto count = [&] {
    report_.fetched_messages += pass.counts().fetched_messages;
    report_.fetched_bytes += pass.counts().fetched_bytes;
    report_.new_messages += pass.counts().new_messages;
    report_.new_bytes += pass.counts().new_bytes;
  };
  try {
    FolderRecord record = pass.run(folder, last);
    count();
    return record;
  } catch (const base::Error& error) {
    count();
    if (error.code() != base::ErrorCode::kRefused) throw;
    base::log_warning("{}: {}", account_.name, error.what());
    return unreadable(folder, last, error.what());
  }
}

void AccountPass::opened(store::FolderDraft& draft) {
  open_draft_ = &draft;
}

void AccountPass::message_stored() {
  store_.schedule.commit_if_due();
}

void AccountPass::closed(std::optional<store::FolderRecord> sealed) {
  open_draft_ = nullptr;
  in_progress_ = std::move(sealed);
}

FolderRecord AccountPass::container(const imap::Folder& folder) {
  store::FolderInfo info;
  info.raw_name = folder.raw_name;
  info.delimiter = folder.delimiter.value_or('\0');
  info.attributes = lasting_attributes(folder);
  info.completeness = FolderCompleteness::kContainer;
  store::FolderDraft draft(std::move(info));
  return store_.writer.seal(draft);
}

FolderRecord AccountPass::unreadable(const imap::Folder& folder, const FolderRecord* last,
                                     const std::string& reason) {
  store::FolderInfo info;
  info.raw_name = folder.raw_name;
  info.delimiter = folder.delimiter.value_or('\0');
  info.attributes = lasting_attributes(folder);
  store::FolderDraft draft = last != nullptr ? store::FolderDraft(store_.writer.reader(), *last)
                                             : store::FolderDraft(std::move(info));
  draft.info().raw_name = folder.raw_name;
  draft.info().completeness = FolderCompleteness::kUnreadable;
  draft.info().trouble = reason;
  return store_.writer.seal(draft);
}

bool AccountPass::is_left_out(const imap::Folder& folder) const {
  if (trees_.contain(folder)) return true;
  const std::string name =
      imap::shown_folder_name(folder.raw_name, folder.delimiter.value_or('\0'), prefix_);
  const auto& globs = surroundings_.config.exclude;
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string& glob) { return base::glob_matches(glob, name); });
}

std::string AccountPass::shown(const store::FolderInfo& info) const {
  return imap::shown_folder_name(info.raw_name, info.delimiter, prefix_);
}

void AccountPass::park() {
  if (!has_news_ || (open_draft_ == nullptr && !in_progress_ && current_.empty())) return;
  Records records = current_;
  if (open_draft_ != nullptr) {
    records.push_back(store_.writer.seal(*open_draft_));
  } else if (in_progress_) {
    records.push_back(*in_progress_);
  }
  // Folders that were not reached yet are what they were.
  for (const FolderRecord& record : last_) {
    if (find(records, record.info.raw_name) == nullptr) records.push_back(record);
  }
  add_snapshot(records, store::SnapshotStatus::kPartial);
}

void AccountPass::add_snapshot(const Records& records, store::SnapshotStatus status) {
  report_.snapshot = store_.writer.add_snapshot({.account = account_.name,
                                                 .time = started_,
                                                 .kind = store::SnapshotKind::kBackup,
                                                 .status = status,
                                                 .personal_prefix = prefix_,
                                                 .folders = records,
                                                 .properties = store::to_properties(properties_),
                                                 .vanished = vanished_});
  describe(records);
}

// With the folders that are no longer there, unless the configuration leaves them out now.
std::uint64_t AccountPass::count_vanished() {
  for (const FolderRecord& record : before_) {
    const store::FolderInfo& info = record.info;
    const bool is_there =
        std::any_of(current_.begin(), current_.end(), [&](const FolderRecord& current) {
          const bool have_ids = !info.mailbox_id.empty() && !current.info.mailbox_id.empty();
          return have_ids ? current.info.mailbox_id == info.mailbox_id
                          : current.info.raw_name == info.raw_name;
        });
    imap::Folder folder;
    folder.raw_name = info.raw_name;
    folder.delimiter = info.delimiter;
    if (!is_there && !is_left_out(folder)) departures_.all_left(store_.writer.reader(), record);
  }
  return departures_.vanished();
}

void AccountPass::describe(const Records& records) {
  report_.receipts.clear();
  report_.skipped.clear();
  for (const FolderRecord& record : records) {
    const store::FolderInfo& info = record.info;
    if (info.completeness == FolderCompleteness::kContainer) continue;
    report_.receipts.push_back({shown(info), info.uid_validity, record.receipt});
    if (info.completeness == FolderCompleteness::kUnreadable) {
      report_.skipped.push_back({shown(info), std::nullopt, info.trouble});
    }
    for (const store::SkippedMessage& message : info.skipped) {
      report_.skipped.push_back({shown(info), message.uid, message.reason});
    }
  }
}

}  // namespace backupd
