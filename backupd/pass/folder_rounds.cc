#include "backupd/pass/folder_rounds.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <fmt/core.h>

#include "backupd/pass/folder_status.h"
#include "base/error.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "base/utf8.h"
#include "imap/connection_lost.h"
#include "imap/folder_name.h"
#include "store/format/limits.h"
#include "store/reader.h"

namespace backupd {

namespace {

using store::FolderCompleteness;
using store::FolderRecord;

constexpr int kMaxRounds = 3;

// 0: unknown.
std::uint32_t generation_of(const imap::Folder& folder) {
  return folder.status ? folder.status->uid_validity.value_or(0) : 0;
}

}  // namespace

FolderRounds::FolderRounds(const SharedStore& store, const FolderFilter& filter,
                           Admission& admission, AccountReport& report)
    : store_(store),
      filter_(filter),
      admission_(admission),
      report_(report),
      asked_(filter),
      known_(store.writer.reader()) {}

void FolderRounds::begin(const FolderRecords& last, DailyBudget budget, imap::WaitBudget& waits) {
  waits_ = &waits;
  last_ = FolderRecords(last);
  for (const FolderRecord& record : last.all()) {
    failures_.remember(record.info);
    // Such a folder is tried after all others, too.
    if (stumbles_.remember(record.info)) failures_.add(record.info.raw_name, true, "");
  }
  daily_budget_.emplace(budget);
}

void FolderRounds::expect(const std::vector<imap::Folder>& listed) {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  bool are_sizes_known = true;
  for (const imap::Folder& folder : listed) {
    if (!folder.status || !folder.can_be_opened() || filter_.leaves_out(folder)) continue;
    // Some of a first backup may have been read before the list was complete.
    const Beyond more = beyond(*folder.status, has_read_early_ ? nullptr : last_of(folder));
    messages += more.messages;
    bytes += more.bytes;
    are_sizes_known &= more.is_size_known;
  }
  store_.progress.expect(messages, are_sizes_known ? std::optional(bytes) : std::nullopt);
}

struct FolderRounds::Round {
  const PassTools& tools;
  bool is_first;
  std::vector<imap::Folder> folders;
  SpareReader spare;
  bool has_changed = false;  // whether any folder had
};

PassTools FolderRounds::tools_for(imap::Session& session, SpareSessions& spares, StoreTurn& turn,
                                  std::chrono::sys_seconds now) {
  return {session,
          spares,
          store_.writer,
          report_.account,
          turn,
          store_.budget,
          now,
          departures_,
          stumbles_,
          *daily_budget_,
          admission_,
          [this](std::uint64_t wanted) { return known(wanted); },
          *waits_,
          [this](std::uint64_t bytes) {
            store_.progress.message(bytes);
            store_.schedule.commit_if_due();
          }};
}

void FolderRounds::read_while_listing(imap::Session& session, SpareSessions& spares,
                                      StoreTurn& turn, std::chrono::sys_seconds now,
                                      const std::function<std::vector<imap::Folder>()>& next) {
  constexpr std::uint64_t kMaxBytes = std::uint64_t{32} << 20;  // for each call of `next`
  const PassTools tools = tools_for(session, spares, turn, now);
  ahead_.begin(session);
  has_read_early_ = true;
  bool is_slow = false;
  for (auto folders = next(); !folders.empty() && !is_slow; folders = next()) {
    admission_.admit(folders);
    Round round{tools, true, std::move(folders),
                SpareReader(tools, ahead_, SpareReader::AtTheEnd::kOnlyReads)};
    const std::uint64_t before = report_.fetched_bytes;
    for (std::size_t at = 0; at < round.folders.size() && !is_slow;) {
      if (pass_at(round, at)) ++at;
      is_slow = report_.fetched_bytes - before > kMaxBytes;
    }
    close(round);
  }
  keep_progress();
}

void FolderRounds::run(imap::Session& session, SpareSessions& spares, StoreTurn& turn,
                       const std::vector<imap::Folder>& listed, std::chrono::sys_seconds now) {
  const PassTools tools = tools_for(session, spares, turn, now);
  waits_->give_back(imap::WaitBudget::kListedWorth * listed.size());
  blamed_.reset();  // the attempt before has ended without ending the pass
  ahead_.begin(session);
  for (int round = 0; round < kMaxRounds; ++round) {
    const bool first_round = round == 0;
    std::vector<imap::Folder> folders = first_round ? listed : list(tools);
    complete(tools, folders);
    const bool has_changed = pass_once(tools, folders, first_round);
    // A folder that was read while the list arrived may have changed since.
    if (!std::exchange(has_read_early_, false) && !has_changed) return;
    last_ = FolderRecords(current_);
  }
  std::vector<imap::Folder> at_the_end = list(tools);
  complete(tools, at_the_end);
  compare_with(at_the_end);
}

std::vector<imap::Folder> FolderRounds::list(const PassTools& tools) {
  tools.session.list_with(SpareReader::kNextDetail);
  auto listed = tools.turn.away([&] { return tools.session.list_personal_folders(); });
  waits_->give_back(imap::WaitBudget::kListedWorth * listed.size());
  admission_.admit(listed);
  admission_.note(tools.session.list_gaps());
  return listed;
}

// An empty list says nothing about any folder: keep_unlisted() keeps them all.
void FolderRounds::complete(const PassTools& tools, std::vector<imap::Folder>& listed) {
  if (tools.session.list_gaps().is_empty) return;
  asked_.find(tools, last_, listed);
  admission_.admit(listed);
  for (const std::string& name : asked_.found()) {
    const store::FolderRecord* const last = last_.by_name(name);
    const std::string shown = last != nullptr ? filter_.shown(last->info) : name;
    warn(shown + ": the server does not list this folder, but has it: it is backed up");
  }
}

void FolderRounds::warn(const std::string& line) {
  if (warned_.insert(line).second) report_.warnings.push_back(line);
}

// Returns whether any folder had changed.
bool FolderRounds::pass_once(const PassTools& tools, const std::vector<imap::Folder>& listed,
                             bool first_round) {
  current_ = {};
  const imap::ListGaps gaps = tools.session.list_gaps();
  Round round{tools, first_round, failures_.late_ones_last(listed),
              SpareReader(tools, ahead_, SpareReader::AtTheEnd::kListsFolders)};
  for (std::size_t at = 0; at < round.folders.size();) {
    if (pass_at(round, at)) ++at;
  }
  close(round);
  keep_unlisted(gaps);
  const auto passed_after_list = round.spare.passed_after_list(round.folders);
  const bool is_list_of_use = std::ranges::all_of(passed_after_list, [&](const auto& folder) {
    const FolderRecord* const record = current_.by_name(folder.raw_name);
    return record == nullptr || !folder.can_be_opened() ||
           (folder.status && agrees(*folder.status, *record) &&
            !had_arrivals_.contains(folder.raw_name));
  });
  if (!is_list_of_use) tools.turn.away([&] { tools.session.forget_list(); });
  // A folder that is gone may have a new name that the list had passed.
  return round.has_changed || current_.has_lost_any_of(last_);
}

// Leaves nothing requested ahead in its sessions.
void FolderRounds::close(Round& round) {
  round.spare.finish();
  for (const std::string& line : round.spare.warnings()) warn(line);
  round.tools.turn.away([&] { round.tools.session.close_ahead(); });
}

// Returns false if the folder at `at` may be another one now: the spare connection was dropped.
bool FolderRounds::pass_at(Round& round, std::size_t at) {
  const imap::Folder& folder = round.folders[at];
  if (filter_.leaves_out(folder)) return true;
  const FolderRecord* const last = last_of(folder);
  const std::string failure = failures_.reason(folder.raw_name);
  if (!Admission::has_room_for_name(folder)) {
    // Its record from an earlier version of mailstow is kept.
    if (last != nullptr) current_.add(*last);
  } else if (!folder.can_be_opened()) {
    current_.add(container_record(store_.writer, folder));
  } else if (is_up_to_date(folder, last, round.is_first, round.tools.now)) {
    current_.add(*last);
  } else if (!failure.empty()) {
    current_.add(given_up(folder, last, failure));
  } else {
    round.has_changed = true;
    return read_at(round, at, last);
  }
  return true;
}

// As pass_at(), for a folder that is to be read.
bool FolderRounds::read_at(Round& round, std::size_t at, const FolderRecord* last) {
  SpareReader& spare = round.spare;
  const auto turn_of = [&](const imap::Folder& folder) {
    return this->turn_of(round.tools, folder, round.is_first);
  };
  if (!spare.request(round.folders, at, turn_of)) return false;
  const imap::Folder& folder = round.folders[at];
  if (!spare.has_requested(folder)) {
    spare.make_room_for(folder);
    current_.add(read({round.tools, ahead_}, folder, last));
    return true;
  }
  [[maybe_unused]] const std::size_t arrivals = departures_.arrivals();  // used after an exception
  try {
    current_.add(read({spare.tools(), spare.ahead()}, folder, last));
    return true;
  } catch (const base::Error& error) {
    if (!spare.drop_after(error, round.folders, at)) throw;
  }
  departures_.take_back_arrivals(arrivals);
  folder_pass_.reset();
  blamed_.reset();
  return false;
}

// Whether passing the folder would add nothing to its last record.
bool FolderRounds::is_up_to_date(const imap::Folder& folder, const FolderRecord* last,
                                 bool first_round, std::chrono::sys_seconds now) const {
  if (last == nullptr) return false;
  const bool is_passed = !first_round || passed_.contains(folder.raw_name);
  const bool is_same = last->info.raw_name == folder.raw_name &&
                       (is_passed ? is_settled(folder, *last) : is_unchanged(folder, *last, now));
  const auto refused = refused_.find(folder.raw_name);
  const bool is_given_up = is_passed &&
                           last->info.completeness == FolderCompleteness::kUnreadable &&
                           refused != refused_.end() && refused->second == generation_of(folder);
  return is_same || is_given_up || parked_.contains(folder.raw_name);
}

// As pass_once() decides when it comes to the folder. Where the server's IDs or the day's budget
// decide which messages are fetched, the messages are listed first.
FoldersAhead::Turn FolderRounds::turn_of(const PassTools& tools, const imap::Folder& folder,
                                         bool first_round) const {
  using Turn = FoldersAhead::Turn;
  if (filter_.leaves_out(folder) || !Admission::has_room_for_name(folder) ||
      !folder.can_be_opened()) {
    return Turn::kSkipped;
  }
  const FolderRecord* const last = last_of(folder);
  if (is_up_to_date(folder, last, first_round, tools.now)) return Turn::kSkipped;
  if (!failures_.reason(folder.raw_name).empty()) return Turn::kSkipped;
  const bool may_be_ahead = last == nullptr && !failures_.is_late(folder.raw_name) &&
                            FoldersAhead::is_small(tools.session, folder) &&
                            !daily_budget_->is_limited() &&
                            tools.session.capabilities().message_id_item().empty();
  return may_be_ahead ? Turn::kMayBeAhead : Turn::kAlone;
}

void FolderRounds::compare_with(const std::vector<imap::Folder>& at_the_end) {
  std::unordered_set<std::string_view> names;
  std::unordered_set<std::string> ids;
  for (const imap::Folder& folder : at_the_end) {
    names.insert(folder.raw_name);
    if (folder.status) ids.insert(folder.status->mailbox_id.value_or(""));
  }
  // A folder that was deleted before it was opened does not count as unreadable.
  current_.erase_if([&](const FolderRecord& record) {
    return record.info.completeness == FolderCompleteness::kUnreadable &&
           !unlisted_.contains(record.info.raw_name) &&
           !asked_.kept().contains(record.info.raw_name) && !names.contains(record.info.raw_name);
  });
  changes_.clear();
  const auto note = [&](const auto& folder, const std::string& change) {
    changes_.push_back(
        fmt::format("{}: it kept changing during the backup: {}", filter_.shown(folder), change));
  };
  for (const FolderRecord& record : current_.all()) {
    const store::FolderInfo& info = record.info;
    const bool is_there = names.contains(info.raw_name) || unlisted_.contains(info.raw_name) ||
                          asked_.kept().contains(info.raw_name) ||
                          (!info.mailbox_id.empty() && ids.contains(info.mailbox_id));
    const bool may_be_gone = info.completeness == FolderCompleteness::kContainer || names.empty();
    if (!is_there && !may_be_gone) note(info, "it is gone, or has another name");
  }
  for (const imap::Folder& folder : at_the_end) {
    if (filter_.leaves_out(folder) || !folder.can_be_opened()) continue;
    if (!Admission::has_room_for_name(folder)) continue;
    const FolderRecord* const record = current_.by_name(folder.raw_name);
    const bool is_complete =
        record != nullptr && record->info.completeness == FolderCompleteness::kComplete;
    if (record != nullptr && !is_complete) continue;
    const std::string change = record != nullptr ? change_of(folder, *record) : "it is new";
    if (!change.empty()) note(folder, change);
  }
}

FolderRecord FolderRounds::pass_folder(const Reader& reader, const imap::Folder& folder,
                                       const FolderRecord* last, Reading reading) {
  has_begun_ = true;
  blamed_.reset();
  store_.progress.begin_folder(report_.account, filter_.shown(folder));
  FolderPass& pass = folder_pass_.emplace(reader.tools);
  const int stumbles = stumbles_.total();
  const auto count = [&] { this->count(folder, pass); };
  try {
    FolderRecord record = pass.run(folder, last, reading);
    count();
    had_arrivals_.erase(folder.raw_name);
    if (pass.has_arrivals()) had_arrivals_.insert(folder.raw_name);
    folder_pass_.reset();
    passed_.insert(folder.raw_name);
    waits_->give_back(imap::WaitBudget::kFolderWorth);
    if (record.info.completeness == FolderCompleteness::kInProgress) {
      if (record.info.trouble.empty()) {
        parked_.insert(folder.raw_name);
      } else {
        store_.causes.warn_of_folder(report_.names(filter_.shown(record.info)),
                                     record.info.trouble);
      }
    }
    return record;
  } catch (const base::Error& error) {
    count();
    if (base::is_connection_trouble(error.code())) {
      const auto* const lost = dynamic_cast<const imap::ConnectionLost*>(&error);
      const bool is_asked_to_wait = lost != nullptr && lost->pause();
      const bool is_too_slow =
          lost != nullptr && lost->cause() == imap::ConnectionLost::Cause::kAccountTooSlow;
      const bool has_progress =
          is_asked_to_wait || stumbles_.total() > stumbles || pass.counts().fetched_messages > 0;
      const imap::Folder& culprit = reader.ahead.failed_over(reader.tools.session, folder);
      // A request to wait is the answer to a command, and thus about one folder.
      const bool may_be_others = reader.ahead.note_loss(reader.tools.session, folder, reading);
      const bool is_its_fault = is_asked_to_wait || !may_be_others;
      if (is_its_fault) failures_.add(culprit.raw_name, has_progress, error.what());
      // Otherwise each backup would end over this folder, before it comes to the others.
      if (pass.counts().fetched_messages == 0 || culprit.raw_name != folder.raw_name) {
        if (is_too_slow) blame(culprit, error.what());
        if (is_asked_to_wait) blamed_ = {culprit, error.what()};  // if the pass ends now
      }
    }
    const bool is_over_its_data =
        error.code() == base::ErrorCode::kInternal || error.code() == base::ErrorCode::kDamaged;
    if (is_over_its_data) blame(folder, error.what());
    if (error.code() != base::ErrorCode::kRefused) throw;
    folder_pass_.reset();
    passed_.insert(folder.raw_name);
    refused_.insert_or_assign(folder.raw_name, generation_of(folder));
    store_.causes.warn(report_.names(filter_.shown(folder)), error.what());
    return unreadable_record(store_.writer, folder, last, error.what());
  } catch (const base::Stopped&) {
    count();  // what was fetched counts towards the day's budget
    throw;
  } catch (const std::exception& error) {
    blame(folder, base::escape_for_terminal(error.what()));
    count();
    throw;
  }
}

// A record of what was requested ahead is used only if it is proven. Otherwise the folder is read
// once more, alone and from the beginning, and the first record is only compared.
FolderRecord FolderRounds::read(const Reader& reader, const imap::Folder& folder,
                                const FolderRecord* last) {
  FoldersAhead& ahead = reader.ahead;
  const imap::Session& session = reader.tools.session;
  const Reading reading = ahead.reading_of(folder);
  const std::size_t arrivals = departures_.arrivals();
  FolderRecord record = pass_folder(reader, folder, last, reading);
  if (reading == Reading::kStepByStep || ahead.accepts(session, folder, record)) return record;
  departures_.take_back_arrivals(arrivals);
  FolderRecord alone = pass_folder(reader, folder, last, Reading::kStepByStep);
  if (!ahead.compare(session, record, alone)) {
    warn(
        fmt::format("{}: the server sent other messages for commands that followed each other at "
                    "once than for commands that waited: folders are no longer requested ahead",
                    filter_.shown(folder)));
  }
  return alone;
}

void FolderRounds::count(const imap::Folder& folder, const FolderPass& pass) {
  const FetchCounts& counts = pass.counts();
  report_.fetched_messages += counts.fetched_messages;
  report_.fetched_bytes += counts.fetched_bytes;
  report_.new_messages += counts.new_messages;
  report_.new_bytes += counts.new_bytes;
  for (const std::string& warning : pass.warnings()) {
    warn(fmt::format("{}: {}", filter_.shown(folder), warning));
  }
  if (counts.undated > 0) {
    warn(fmt::format("{}: {} new {} no date that is understood: it is recorded as unknown",
                     filter_.shown(folder), counts.undated,
                     counts.undated == 1 ? "message has" : "messages have"));
  }
  daily_budget_->use(counts.fetched_bytes);
}

void FolderRounds::blame(const imap::Folder& folder, const std::string& why) {
  failures_.add_end(folder.raw_name, why);
  blamed_ = {folder, why};
}

// The record of the same folder, whatever its name was; not that of another folder which had its
// name.
const FolderRecord* FolderRounds::last_of(const imap::Folder& folder) const {
  const FolderRecord* const namesake = last_.by_name(folder.raw_name);
  const std::string id = folder.status ? folder.status->mailbox_id.value_or("") : "";
  if (id.empty()) return namesake;
  if (const FolderRecord* const same = last_.by_id(id)) return same;
  return namesake != nullptr && namesake->info.mailbox_id.empty() ? namesake : nullptr;
}

// Reading the entry of a message takes a thousandth of the time that fetching one does.
KnownMessages* FolderRounds::known(std::uint64_t wanted) {
  constexpr std::uint64_t kFewEnough = 10'000;
  constexpr std::uint64_t kEntriesForOne = 1'000;
  const std::uint64_t entries = last_.messages() + current_.messages();
  if (entries == 0 || entries > kFewEnough + wanted * kEntriesForOne) return nullptr;
  for (FolderRecords* records : std::array<FolderRecords*, 2>{&last_, &current_}) {
    for (const FolderRecord& record : records->take_new()) known_.add(record);
  }
  return &known_;
}

// The folders that must exist although the server does not list them keep their last state.
void FolderRounds::keep_unlisted(const imap::ListGaps& gaps) {
  unlisted_.clear();
  for (const auto& [folder, reason] : asked_.to_keep(gaps, last_)) {
    if (current_.by_name(folder.raw_name) != nullptr || filter_.leaves_out(folder)) continue;
    unlisted_.insert(folder.raw_name);
    const FolderRecord* const last = last_.by_name(folder.raw_name);
    const bool is_known = last != nullptr && last->info.trouble == reason &&
                          last->info.completeness == FolderCompleteness::kUnreadable;
    if (!is_known) store_.causes.warn_of_folder(report_.names(filter_.shown(folder)), reason);
    current_.add(is_known ? *last : unreadable_record(store_.writer, folder, last, reason));
  }
}

// A folder that is no longer tried, over which connections were lost.
FolderRecord FolderRounds::given_up(const imap::Folder& folder, const FolderRecord* last,
                                    const std::string& failure) {
  const std::string reason = base::shortened(failure, store::kMaxReason);
  const bool is_known = last != nullptr && last->info.trouble == reason &&
                        last->info.completeness == FolderCompleteness::kUnreadable;
  if (is_known) return *last;
  store_.causes.warn_of_folder(report_.names(filter_.shown(folder)), reason);
  return unreadable_record(store_.writer, folder, last, reason);
}

void FolderRounds::drop_open_folder() {
  folder_pass_.reset();
  if (!blamed_) return;
  const auto [folder, why] = *std::exchange(blamed_, std::nullopt);
  failures_.add_end(folder.raw_name, why);
  if (current_.by_name(folder.raw_name) != nullptr) return;
  current_.add(given_up(folder, last_of(folder), failures_.reason(folder.raw_name)));
}

void FolderRounds::keep_progress() {
  last_ = so_far();  // if that fails, nothing is forgotten
  current_ = {};
  folder_pass_.reset();
}

FolderRecords FolderRounds::so_far() {
  FolderRecords records = current_;
  if (folder_pass_) {
    if (auto so_far = folder_pass_->so_far()) records.add(*std::move(so_far));
  }
  records.add_missing(last_);
  return records;
}

}  // namespace backupd
