#include "backupd/pass/folder_pass.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "backupd/pass/folder_status.h"
#include "backupd/pass/missing_messages.h"
#include "backupd/pass/present_uids.h"
#include "base/error.h"
#include "base/log.h"
#include "base/stop_request.h"
#include "imap/flag.h"
#include "store/reader.h"

namespace backupd {

namespace {

using store::FolderCompleteness;

// The flag sets collected before they are written into the draft: their number, and their bytes.
constexpr std::size_t kStatesAtOnce = 4'096;
constexpr std::size_t kStateBytesAtOnce = std::size_t{4} << 20;

// So few are fetched to see whether they are the recorded ones; of more one is tried first.
constexpr std::uint64_t kFewDoubtful = 10;

imap::UidSet common(const imap::UidSet& a, const imap::UidSet& b) {
  return a.without(a.without(b));
}

// The UIDs of the messages, where the response to EXAMINE leaves no choice: all below UIDNEXT are
// taken. Only of a small folder, because a server may claim any number. Returns nullopt if they
// must be requested.
std::optional<imap::UidSet> implied_uids(const imap::OpenFolder& open) {
  constexpr std::uint32_t kMaxImplied = 1'000;
  const bool is_implied = open.uid_validity != 0 && open.uid_next && open.exists > 0 &&
                          open.exists <= kMaxImplied && *open.uid_next - 1 == open.exists;
  if (!is_implied) return std::nullopt;
  imap::UidSet uids;
  uids.add({base::Uid{1}, base::Uid{open.exists}});
  return uids;
}

bool is_beyond(const imap::UidSet& uids, const imap::OpenFolder& open) {
  return !uids.empty() && open.uid_next && uids.ranges().back().last.value >= *open.uid_next;
}

}  // namespace

store::FolderRecord FolderPass::run(const imap::Folder& folder, const store::FolderRecord* last,
                                    Reading reading) {
  reading_ = reading;
  const imap::OpenFolder open = this->open(folder, last);
  draft_.emplace(begin(folder, open, last));
  is_scan_wanted_ = last != nullptr && differs_in_size_only(folder, *last);
  try {
    update(folder, open);
  } catch (const base::Error& error) {
    leave(base::is_connection_trouble(error.code()));
    throw;
  } catch (const base::Stopped&) {
    leave(true);
    throw;
  } catch (...) {
    draft_.reset();
    throw;
  }
  return close();
}

// Seals the draft for the last time, even if that fails.
store::FolderRecord FolderPass::close() {
  store::FolderDraft draft = *std::exchange(draft_, std::nullopt);
  return tools_.writer.seal(draft);
}

// After run() failed. What was requested ahead may be another folder's until the server has
// answered everything in order.
void FolderPass::leave(bool is_to_be_kept) {
  if (is_to_be_kept && reading_ != Reading::kAtOnce) {
    was_left_ = close();
  } else {
    draft_.reset();
  }
}

std::optional<store::FolderRecord> FolderPass::so_far() {
  if (reading_ == Reading::kAtOnce) return std::nullopt;
  if (draft_) return tools_.writer.seal(*draft_);
  return was_left_;
}

void FolderPass::update(const imap::Folder& folder, const imap::OpenFolder& open) {
  store::FolderDraft& draft = *draft_;
  const std::uint64_t odd_lines = tools_.session.odd_lines().count;
  const bool has_gone_back = went_back(open);
  bool full_scan =
      needs_full_scan(draft.info(), open, tools_.now) || has_gone_back || is_scan_wanted_;
  const std::uint32_t old_uid_next = draft.info().uid_next;
  const std::uint64_t baseline = draft.info().highest_modseq;

  // The answer to EXAMINE is recorded, never a later value: later changes are examined again next
  // time.
  draft.info().uid_validity = open.uid_validity;
  draft.info().uid_next = open.uid_next.value_or(0);
  if (open.mailbox_id) draft.info().mailbox_id = *open.mailbox_id;
  // Messages that a repair left out are among the skipped ones, until they are fetched.
  imap::UidSet skipped;
  for (const store::SkippedMessage& message : draft.info().skipped) skipped.add(message.uid);
  draft.info().completeness = FolderCompleteness::kInProgress;
  draft.info().trouble.clear();
  // Until all flags are up to date, the old baseline remains valid. A pass that is interrupted must
  // not leave the new numbers behind as if all messages had been compared.
  if (has_gone_back || is_scan_wanted_) draft.info().last_full_scan = {};

  imap::UidSet on_server;
  if (!full_scan) {
    const bool is_told = changes_ && changes_->has_all_states;
    on_server = is_told ? apply_changes(open, skipped) : update_states(open, baseline);
    // A change whose line was not understood would not be noticed.
    full_scan = on_server.count() != tools_.session.exists() ||
                tools_.session.odd_lines().count != odd_lines ||
                (is_told && !are_new_uids_told(open, old_uid_next, on_server));
  }
  std::string doubt;
  if (full_scan) {
    // The flags of messages that are not recorded arrive with their bodies.
    const std::optional<imap::UidSet> implied =
        recorded_.empty() ? implied_uids(open) : std::nullopt;
    const imap::UidSet seen = is_read_at_once(open) ? fetch_at_once(open)
                              : implied             ? *implied
                                                    : update_states(open, std::nullopt);
    PresentUids present = tools_.turn.away([&] { return confirm_present(tools_.session, seen); });
    on_server = std::move(present.uids);
    doubt = std::move(present.doubt);
    if (doubt.empty() && is_beyond(common(fetched_, on_server), open)) {
      doubt = "the server sends messages with UIDs that EXAMINE does not allow";
    }
    for (const base::Uid uid : fetched_.without(on_server)) draft.expunge(uid);
    const imap::UidSet left_out = on_server.without(seen);
    if (scan_refusal_.empty()) {
      update_left_out(left_out);
    } else if (doubt.empty() && !common(left_out, recorded_).empty()) {
      doubt = scan_refusal_ + ": recorded messages are kept";
    }
  }
  changes_.reset();
  if (doubt.empty()) doubt = why_not_empty(folder, on_server);
  if (doubt.empty()) {
    draft.info().highest_modseq = open.highest_modseq.value_or(0);
    for (const base::Uid uid : recorded_.without(on_server)) {
      if (const auto entry = draft.find(uid)) tools_.departures.left(entry->message);
      draft.expunge(uid);
    }
    std::erase_if(draft.info().skipped,
                  [&](const auto& message) { return !on_server.contains(message.uid); });
    recorded_ = common(recorded_, on_server);
    compare_dates(open, skipped);
    replace(reused_.others);
    compare_doubtful(open, skipped);
  }
  bool are_all_tried = true;
  const std::string loss = fetch_missing(open, skipped, on_server, are_all_tried);
  if (doubt.empty()) doubt = loss;

  if (!doubt.empty()) {
    // Without a new baseline and with a scan that is due, the next pass examines all of it again.
    draft.info().uid_next = old_uid_next;
    draft.info().last_full_scan = {};
    draft.info().trouble = std::move(doubt);
    return;
  }
  if (are_all_tried) draft.info().completeness = FolderCompleteness::kComplete;
  if (!full_scan) return;
  // The flags of a message whose line was not understood may have changed: the next pass scans
  // again.
  const bool is_understood = tools_.session.odd_lines().count == odd_lines;
  draft.info().last_full_scan = is_understood ? tools_.now : std::chrono::sys_seconds{};
}

// The folder may have changed since its status was reported.
bool FolderPass::is_read_at_once(const imap::OpenFolder& open) const {
  return reading_ == Reading::kAtOnce && recorded_.empty() && draft_->info().skipped.empty() &&
         open.uid_validity != 0 && open.exists > 0 && open.exists <= kMaxWithoutThreads;
}

// Returns the UIDs of the messages that arrived.
imap::UidSet FolderPass::fetch_at_once(const imap::OpenFolder& open) {
  MissingMessages(tools_, *draft_, {}, counts_).fetch_at_once(open);
  draft_->for_each_uid([&](base::Uid uid) { fetched_.add(uid); });
  return fetched_;
}

// Fetches messages that are not recorded. Returns why the folder is in doubt, or an empty text: a
// scan may show a message under a UID that is not its own. Then neither that UID nor the message is
// found, and without an EXPUNGE that would look like a message that was deleted meanwhile.
std::string FolderPass::fetch_missing(const imap::OpenFolder& open, const imap::UidSet& skipped,
                                      const imap::UidSet& on_server, bool& are_all_tried) {
  const std::uint64_t expunged = tools_.session.expunged();
  MissingMessages missing(tools_, *draft_, skipped, counts_);
  are_all_tried = missing.fetch(open, on_server.without(recorded_).without(fetched_));
  const imap::UidSet others = missing.found().without(on_server);
  has_arrivals_ = is_beyond(on_server, open) || is_beyond(others, open);
  if (tools_.session.expunged() - expunged >= missing.gone()) return {};
  if (are_all_tried && !others.empty()) {
    std::vector<store::SkippedMessage> earlier = std::move(draft_->info().skipped);
    MissingMessages more(tools_, *draft_, skipped, counts_);
    are_all_tried = more.fetch(open, others);
    std::ranges::move(draft_->info().skipped, std::back_inserter(earlier));
    std::ranges::sort(earlier, {}, &store::SkippedMessage::uid);
    draft_->info().skipped = std::move(earlier);
  }
  if (missing.gone() <= others.count()) return {};
  return fmt::format(
      "the server shows {} messages that it then neither sends nor finds: recorded messages are "
      "kept",
      missing.gone() - others.count());
}

// STATUS showed messages a moment ago, and EXAMINE shows none: if the folder was emptied meanwhile,
// STATUS agrees in the next round.
std::string FolderPass::why_not_empty(const imap::Folder& folder,
                                      const imap::UidSet& on_server) const {
  const std::uint32_t listed = folder.status ? folder.status->messages.value_or(0) : 0;
  if (!on_server.empty() || listed == 0 || recorded_.empty()) return {};
  return fmt::format(
      "the server's STATUS reports {} messages but EXAMINE none: recorded messages are kept",
      listed);
}

// Whether the server shows less than what is recorded, as after it was restored from an older copy.
bool FolderPass::went_back(const imap::OpenFolder& open) {
  const store::FolderInfo& info = draft_->info();
  const std::size_t before = warnings_.size();
  const auto note = [&](const char* what, std::uint64_t now, const char* relation,
                        std::uint64_t recorded) {
    warnings_.push_back(fmt::format(
        "the server's {} is {}, {} {}: it may have been restored from an older copy: all messages "
        "are compared",
        what, now, relation, recorded));
  };
  if (open.uid_next && *open.uid_next < info.uid_next) {
    note("UIDNEXT", *open.uid_next, "below the recorded", info.uid_next);
  } else if (open.uid_next && !recorded_.empty() &&
             recorded_.ranges().back().last.value >= *open.uid_next) {
    note("UIDNEXT", *open.uid_next, "not above the recorded UID",
         recorded_.ranges().back().last.value);
  }
  if (open.highest_modseq && *open.highest_modseq < info.highest_modseq) {
    note("HIGHESTMODSEQ", *open.highest_modseq, "below the recorded", info.highest_modseq);
  }
  return warnings_.size() > before;
}

// The recorded messages with these UIDs are no longer there: others have their UIDs.
void FolderPass::replace(const imap::UidSet& uids) {
  const imap::UidSet replaced = common(uids, recorded_);
  if (replaced.empty()) return;
  for (const base::Uid uid : replaced) {
    if (const auto entry = draft_->find(uid)) tools_.departures.replaced(entry->message);
    draft_->expunge(uid);
  }
  recorded_ = recorded_.without(replaced);
  warnings_.push_back(fmt::format(
      "{} recorded {} replaced by others with the same UIDs: what the server has now is fetched",
      replaced.count(), replaced.count() == 1 ? "message was" : "messages were"));
}

// Fetches a recorded message, and counts it as replaced if its content differs.
FolderPass::Sample FolderPass::fetch_sample(const imap::OpenFolder& open,
                                            const imap::UidSet& skipped, base::Uid uid) {
  const auto entry = draft_->find(uid);
  const auto digest = draft_->digest(uid);
  if (!entry || !digest) return Sample::kUnknown;
  imap::UidSet one;
  one.add(uid);
  draft_->expunge(uid);
  std::vector<store::SkippedMessage> earlier = draft_->info().skipped;
  MissingMessages(tools_, *draft_, skipped, counts_).fetch(open, one);
  draft_->info().skipped = std::move(earlier);
  const auto now = draft_->find(uid);
  if (!now) {
    draft_->put(*entry, *digest);
    return Sample::kUnknown;
  }
  if (now->message == entry->message) return Sample::kSame;
  tools_.departures.replaced(entry->message);
  return Sample::kOther;
}

// Some servers show the present time as INTERNALDATE (GNU imap4d with Maildirs). Where the dates of
// many messages differ, and their sizes do not, one body shows whether messages were replaced.
void FolderPass::compare_dates(const imap::OpenFolder& open, const imap::UidSet& skipped) {
  const imap::UidSet doubtful = common(reused_.by_date, recorded_);
  if (doubtful.count() <= kFewDoubtful) return;
  const base::Uid sample = *doubtful.begin();
  const Sample found = fetch_sample(open, skipped, sample);
  imap::UidSet one;
  one.add(sample);
  if (found == Sample::kOther) reused_.others = reused_.others.without(one);
  if (found != Sample::kSame) return;
  is_date_reliable_ = false;
  warnings_.push_back(
      fmt::format("the server shows different dates than before for {} unchanged messages: their "
                  "dates are not compared",
                  doubtful.count()));
  reused_.others = reused_.others.without(doubtful);
  update_left_out(doubtful);
}

// Few of them are fetched, in the same way as others that are not recorded. Where many sizes
// differ, the server may count them in its own way: one body shows whether messages were replaced.
void FolderPass::compare_doubtful(const imap::OpenFolder& open, const imap::UidSet& skipped) {
  const imap::UidSet doubtful = common(reused_.doubtful, recorded_);
  if (doubtful.empty()) return;
  if (doubtful.count() > kFewDoubtful) {
    const base::Uid sample = *doubtful.begin();
    if (fetch_sample(open, skipped, sample) != Sample::kOther) return;
    imap::UidSet one;
    one.add(sample);
    replace(doubtful.without(one));
    return;
  }
  for (const base::Uid uid : doubtful) {
    if (const auto entry = draft_->find(uid)) tools_.departures.replaced(entry->message);
    draft_->expunge(uid);
  }
  recorded_ = recorded_.without(doubtful);
}

// The flags of recorded messages that a scan left out.
void FolderPass::update_left_out(const imap::UidSet& left_out) {
  const imap::UidSet known = left_out.without(left_out.without(recorded_));
  if (known.empty()) return;
  std::vector<imap::MessageItems> states;
  tools_.turn.away([&] {
    tools_.session.fetch_states(known, std::nullopt,
                                [&](const imap::MessageItems& items) { states.push_back(items); });
  });
  apply_states(states);
}

// A date that was not understood may be now, and earlier versions recorded 1970 for it.
void FolderPass::correct_date(const store::MessageEntry& entry, const imap::MessageItems& items) {
  const bool is_doubtful =
      !entry.internal_date || entry.internal_date->instant == std::chrono::sys_seconds{};
  if (!is_doubtful || entry.internal_date == items.internal_date) return;
  const auto digest = draft_->digest(entry.uid);
  if (!digest) return;
  store::MessageEntry corrected = entry;
  corrected.internal_date = items.internal_date;
  draft_->put(corrected, *digest);
}

void FolderPass::apply_states(const std::vector<imap::MessageItems>& states) {
  for (const imap::MessageItems& items : states) {
    if (is_date_reliable_ && (items.size || items.internal_date) &&
        recorded_.contains(*items.uid)) {
      if (const auto entry = draft_->find(*items.uid)) {
        reused_.note(*entry, items);
        if (!reused_.others.contains(*items.uid)) correct_date(*entry, items);
      }
    }
    if (reused_.others.contains(*items.uid)) continue;
    if (!items.flags) continue;
    draft_->set_state(*items.uid, imap::normal_flags(*items.flags), items.modseq.value_or(0));
  }
}

store::FolderDraft FolderPass::begin(const imap::Folder& folder, const imap::OpenFolder& open,
                                     const store::FolderRecord* last) {
  // Without UIDVALIDITY, or with another one, a UID says nothing about earlier messages.
  const bool same_generation =
      last != nullptr && open.uid_validity != 0 && last->info.uid_validity == open.uid_validity;
  if (same_generation) {
    try {
      store::FolderDraft draft(tools_.writer.reader(), *last);
      imap::UidSet recorded;
      draft.for_each_uid([&](base::Uid uid) { recorded.add(uid); });
      recorded_ = std::move(recorded);
      set_listed(draft.info(), folder);
      return draft;
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kDamaged) throw;
      base::log_warning("{}: the folder is fetched again", error.what());
    }
  }
  // If the server only renumbered them, they arrive again.
  if (last != nullptr) tools_.departures.all_left(tools_.writer.reader(), *last);
  store::FolderInfo info;
  set_listed(info, folder);
  if (folder.status) info.mailbox_id = folder.status->mailbox_id.value_or("");
  return {tools_.writer.reader(), std::move(info)};
}

imap::OpenFolder FolderPass::open(const imap::Folder& folder, const store::FolderRecord* last) {
  imap::OpenFolder open = tools_.turn.away([&] {
    const bool can_resync = last != nullptr && tools_.session.can_resync() &&
                            last->info.uid_validity != 0 && !is_scan_due(last->info, tools_.now);
    if (!can_resync) return tools_.session.examine(folder.raw_name);
    return tools_.session.examine(
        folder.raw_name, {last->info.uid_validity, last->info.highest_modseq}, changes_.emplace());
  });
  tools_.admission.admit(folder.raw_name, open);
  if (!changes_) return open;
  for (imap::MessageItems& items : changes_->states) {
    tools_.admission.admit(folder.raw_name, items);
  }
  return open;
}

// Whether the changes include each UID that was assigned since the last backup, as a message or as
// one that vanished. Where a server omits a new message and a deleted one, their number agrees.
// Without UIDNEXT, nothing shows that.
bool FolderPass::are_new_uids_told(const imap::OpenFolder& open, std::uint32_t old_uid_next,
                                   const imap::UidSet& on_server) const {
  if (!open.uid_next || old_uid_next == 0) return false;
  if (*open.uid_next <= old_uid_next) return true;
  imap::UidSet assigned;
  assigned.add({base::Uid{old_uid_next}, base::Uid{*open.uid_next - 1}});
  return assigned.without(on_server).without(changes_->vanished).empty();
}

// Applies the changes that QRESYNC reported to the draft. Returns the UIDs that the server has.
imap::UidSet FolderPass::apply_changes(const imap::OpenFolder& open, const imap::UidSet& skipped) {
  imap::UidSet on_server = recorded_;
  for (const imap::UidRange& range : skipped.ranges()) on_server.add(range);
  on_server = on_server.without(changes_->vanished);
  if (open.exists == 0) return on_server;
  for (const imap::MessageItems& items : changes_->states) on_server.add(*items.uid);
  apply_states(changes_->states);
  return on_server;
}

// Requests dates and sizes together with the flags. Returns false if the server refuses: some can't
// report the size of every message, but still report its flags.
bool FolderPass::scan_identities(const std::function<void(const imap::MessageItems&)>& take) {
  try {
    tools_.session.fetch_all_but_bodies(imap::UidSet::all(), take);
    return true;
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
    return false;
  }
}

// Brings flags up to date and returns the UIDs that the server has.
imap::UidSet FolderPass::update_states(const imap::OpenFolder& open,
                                       std::optional<std::uint64_t> changed_since) {
  imap::UidSet seen;
  if (open.exists == 0) {
    // That recorded messages are gone needs a second answer. Some servers refuse to scan an empty
    // folder.
    if (recorded_.empty()) return seen;
    return tools_.turn.away([&] { return tools_.session.search_all(); });
  }
  std::vector<imap::MessageItems> states;
  std::size_t bytes = 0;
  const auto apply = [&] {
    apply_states(states);
    states.clear();
    bytes = 0;
  };
  const auto take = [&](const imap::MessageItems& items) {
    if (!items.uid) return;
    if (seen.add(*items.uid)) tools_.waits.give_back(imap::WaitBudget::kStateWorth);
    states.push_back(items);
    tools_.admission.admit(draft_->info().raw_name, states.back());
    bytes += imap::memory_of(states.back());
    if (states.size() >= kStatesAtOnce || bytes >= kStateBytesAtOnce) tools_.turn.back(apply);
  };
  try {
    tools_.turn.away([&] {
      if (!changed_since && !recorded_.empty() && scan_identities(take)) return;
      tools_.session.fetch_states(imap::UidSet::all(), changed_since, take);
    });
  } catch (const base::Error& error) {
    // A server may refuse the rest of a scan, for example where a message was expunged meanwhile.
    if (error.code() != base::ErrorCode::kRefused || changed_since || seen.empty()) throw;
    scan_refusal_ = error.what();
  }
  apply();
  if (!changed_since) return seen;
  return tools_.turn.away([&] { return tools_.session.search_all(); });
}

}  // namespace backupd
