#include "restore/folder_restore.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "imap/flag.h"
#include "restore/steady_read.h"

namespace restore {

FolderRestore::FolderRestore(const PlannedFolder& folder, const store::TreeLevel& level,
                             Started started)
    : folder_(folder), started_(started), outcomes_(folder.messages.size()) {
  for (const store::TreeMessage& message : level.messages) {
    recorded_before_.emplace(message.uid, message.message);
  }
}

std::uint64_t FolderRestore::bytes() const {
  std::uint64_t bytes = 0;
  for (const store::MessageEntry& entry : folder_.messages) bytes += entry.size;
  return bytes;
}

void FolderRestore::open(imap::Session& session, const Reopen& reopen) {
  if (folder_.messages.empty()) return;
  open_ = session.select(folder_.target_raw_name);
  reports_uids_ = session.capabilities().has("UIDPLUS");
  for (std::size_t at = 0; at < outcomes_.size(); ++at) choose_flags(at);
  if (open_.exists > 0) take_present(session, reopen);
}

// Reads messages of this folder, which is open. Returns those that the server can't serve, and why.
std::map<base::Uid, std::string> FolderRestore::read(imap::Session& session,
                                                     const imap::UidSet& uids, ReadBack& sink,
                                                     const Reopen& reopen) const {
  return read_steadily(session, uids, sink, [&] {
    imap::Session another = reopen(Unusable::kByLostConnection);
    if (another.examine(folder_.target_raw_name).uid_validity != open_.uid_validity) {
      base::fail(base::ErrorCode::kNetwork,
                 "restore: {}: the folder was replaced while the connection was lost",
                 base::escape_for_terminal(folder_.target));
    }
    return another;
  });
}

void FolderRestore::choose_flags(std::size_t position) {
  Outcome& outcome = outcomes_[position];
  for (const std::string& flag : folder_.messages[position].flags) {
    if (flag == "\\Deleted") {
      // Otherwise the first mail program to open the folder would expunge the restored message.
      left_off_deleted_ = true;
    } else if (open_.keeps(flag)) {
      outcome.flags.push_back(flag);
    } else {
      outcome.dropped.push_back(flag);
    }
  }
}

// Finds what a run that died put there: recorded messages by UID, messages that it had no time to
// record by content.
void FolderRestore::take_present(imap::Session& session, const Reopen& reopen) {
  ReadBack present(DigestOf::kCanonical);
  const imap::UidSet uids = session.search_all();
  if (!uids.empty()) last_present_ = uids.ranges().back().last;
  const auto unread = read(session, uids, present, reopen);
  std::multimap<store::MessageId, std::size_t> wanted;
  for (std::size_t at = 0; at < folder_.messages.size(); ++at) {
    wanted.emplace(folder_.messages[at].message, at);
  }
  const auto is_recorded = [&](base::Uid uid) {
    const auto known = recorded_before_.find(uid);
    const auto place = known == recorded_before_.end() ? wanted.end() : wanted.find(known->second);
    if (place == wanted.end()) return false;
    outcomes_[place->second].accepted = true;
    outcomes_[place->second].uid = uid;
    wanted.erase(place);
    return true;
  };
  for (const auto& [uid, why] : unread) is_recorded(uid);
  for (const auto& [uid, served] : present.messages()) {
    if (!is_recorded(uid)) unrecorded_.emplace(served.digest, uid);
  }
}

bool FolderRestore::wants(std::size_t position, base::ByteView bytes) {
  const store::Sha256 digest = store::sha256(bytes);
  const bool needs_canonical = !reports_uids_ || !unrecorded_.empty();
  const store::Sha256 canonical = needs_canonical ? canonical_digest(bytes) : store::Sha256();
  const std::lock_guard lock(mutex_);
  Outcome& outcome = outcomes_[position];
  outcome.digest = digest;
  outcome.canonical = canonical;
  if (outcome.accepted) return false;
  if (unrecorded_.empty()) return true;
  const auto found = unrecorded_.find(canonical);
  if (found == unrecorded_.end()) return true;
  outcome.accepted = true;
  outcome.uid = found->second;
  unrecorded_.erase(found);
  return false;
}

void FolderRestore::give_up(std::size_t position, const std::string& why) {
  const std::lock_guard lock(mutex_);
  outcomes_[position].given_up = true;
  skipped_.push_back({folder_.messages[position].uid, why});
}

void FolderRestore::give_up_unreadable(std::size_t position, const std::string& why) {
  has_damage_ = true;
  give_up(position, why);
}

// The server may have stored a message that a run that died had sent completely only after this run
// listed the folder: then it is there twice, and this run's copy is removed.
void FolderRestore::remove_doubles(imap::Session& session, const ReadBack& read_back,
                                   std::multimap<store::Sha256, base::Uid>& unclaimed) {
  imap::UidSet doubled;
  for (Outcome& outcome : outcomes_) {
    if (!outcome.sent || !outcome.uid) continue;
    const auto served = read_back.messages().find(*outcome.uid);
    if (served == read_back.messages().end()) continue;
    const auto late = unclaimed.find(served->second.digest);
    if (late == unclaimed.end()) continue;
    doubled.add(*outcome.uid);
    outcome.uid = late->second;
    unclaimed.erase(late);
  }
  if (doubled.empty()) return;
  const std::string deleted = "\\Deleted";
  session.select(folder_.target_raw_name);
  session.add_flags(doubled, {&deleted, 1});
  session.expunge(doubled);
}

// Without APPENDUID a message is found by its content, and if the server altered that, by its
// canonical content.
void FolderRestore::find_by_content(imap::Session& session,
                                    std::multimap<store::Sha256, base::Uid>& unclaimed) {
  const auto find_by = [&](store::Sha256 Outcome::*digest) {
    bool all_found = true;
    for (Outcome& outcome : outcomes_) {
      if (!outcome.accepted || outcome.uid) continue;
      const auto found = unclaimed.find(outcome.*digest);
      all_found = all_found && found != unclaimed.end();
      if (found == unclaimed.end()) continue;
      outcome.uid = found->second;
      unclaimed.erase(found);
    }
    return all_found;
  };
  if (find_by(&Outcome::digest) || unclaimed.empty() || reports_uids_) return;
  imap::UidSet uids;
  for (const auto& [digest, uid] : unclaimed) uids.add(uid);
  ReadBack altered(DigestOf::kCanonical);
  session.fetch_messages(uids, altered);
  unclaimed.clear();
  for (const auto& [uid, served] : altered.messages()) unclaimed.emplace(served.digest, uid);
  find_by(&Outcome::canonical);
}

void FolderRestore::compare(imap::Session& session, const Reopen& reopen) {
  if (folder_.messages.empty()) return;
  // The server's own view, not that of the appending session.
  session.examine(folder_.target_raw_name);
  ReadBack read_back;
  const auto unread = read(session, session.search_all(), read_back, reopen);

  std::multimap<store::Sha256, base::Uid> unclaimed;
  std::set<base::Uid> known;
  for (Outcome& outcome : outcomes_) {
    // After a lost connection, a message may have been taken for an equal one that another
    // connection was sending: then find_by_content() looks for it again.
    if (outcome.uid && !known.insert(*outcome.uid).second) outcome.uid.reset();
  }
  for (const auto& served : read_back.messages()) {
    if (!known.contains(served.first)) unclaimed.emplace(served.second.digest, served.first);
  }
  if (started_ == Started::kBefore) remove_doubles(session, read_back, unclaimed);
  find_by_content(session, unclaimed);
  take_unread(session, unread);
  for (std::size_t at = 0; at < outcomes_.size(); ++at) {
    const Outcome& outcome = outcomes_[at];
    if (!outcome.accepted || outcome.given_up) continue;
    const auto served =
        outcome.uid ? read_back.messages().find(*outcome.uid) : read_back.messages().end();
    const store::MessageEntry& entry = folder_.messages[at];
    if (served == read_back.messages().end()) {
      give_up(at, "the server accepted it, but does not serve it");
      continue;
    }
    ++restored_;
    const base::Uid uid = served->first;
    const MessageReadBack& message = served->second;
    recorded_.push_back({uid, message.items.size.value_or(message.size),
                         message.items.internal_date.value_or(base::ZonedTime()).instant,
                         entry.message});

    std::vector<std::string> how;
    const bool has_other_bytes = message.digest != outcome.digest;
    if (!outcome.dropped.empty())
      how.push_back(fmt::format("without the flags {}", fmt::join(outcome.dropped, ", ")));
    const auto flags = imap::normal_flags(message.items.flags.value_or(std::vector<std::string>()));
    if (flags != imap::normal_flags(outcome.flags))
      how.push_back(fmt::format("its flags are {}", fmt::join(flags, ", ")));
    const auto date = message.items.internal_date.value_or(base::ZonedTime()).instant;
    if (entry.internal_date.instant == std::chrono::sys_seconds{}) {
      // The backup stores an INTERNALDATE that it could not read, or did not get, as 1970.
      how.push_back(fmt::format("the backup has no INTERNALDATE for it, the server shows {}",
                                base::format_rfc3339(date)));
    } else if (date != entry.internal_date.instant) {
      how.push_back(fmt::format("its INTERNALDATE is {} instead of {}", base::format_rfc3339(date),
                                base::format_rfc3339(entry.internal_date.instant)));
    }
    if (has_other_bytes || !how.empty()) {
      altered_.push_back({at, uid, has_other_bytes, std::move(how)});
    }
  }
  is_compared_ = true;
}

// Messages that the server accepted, but can't serve, can't be compared. They are recorded as the
// server reports them without their bodies, so that a sweep knows them.
void FolderRestore::take_unread(imap::Session& session,
                                const std::map<base::Uid, std::string>& unread) {
  std::map<base::Uid, std::size_t> positions;
  imap::UidSet uids;
  for (std::size_t at = 0; at < outcomes_.size(); ++at) {
    if (!outcomes_[at].uid) continue;
    const auto found = unread.find(*outcomes_[at].uid);
    if (found == unread.end()) continue;
    positions.emplace(found->first, at);
    uids.add(found->first);
    give_up(at,
            "the server accepted it, but the connection was lost each time it was read back, so it "
            "was not compared: " +
                found->second);
  }
  if (uids.empty()) return;
  session.examine(folder_.target_raw_name);
  session.fetch_identities(uids, [&](const imap::MessageItems& items) {
    if (!items.uid || !items.size || !items.internal_date) return;
    const auto found = positions.find(*items.uid);
    if (found == positions.end()) return;
    recorded_.push_back({*items.uid, *items.size, items.internal_date->instant,
                         folder_.messages[found->second].message});
    positions.erase(found);
  });
}

void FolderRestore::describe(imap::Session& session, store::Reader& reader) {
  if (std::none_of(altered_.begin(), altered_.end(),
                   [](const Alteration& message) { return message.has_other_bytes; })) {
    return;
  }
  session.examine(folder_.target_raw_name);
  for (Alteration& message : altered_) {
    if (!std::exchange(message.has_other_bytes, false)) continue;
    OneMessage served;
    imap::UidSet one;
    one.add(message.uid);
    session.fetch_messages(one, served);
    message.how.insert(
        message.how.begin(),
        describe_alteration(reader.read_message(folder_.messages[message.position].message),
                            served.bytes()));
  }
}

FolderReport FolderRestore::report() const {
  FolderReport report{folder_.source, folder_.target, folder_.messages.size(), restored_, {}, {}};
  for (const Alteration& message : altered_) {
    std::vector<std::string> how = message.how;
    if (message.has_other_bytes) how.insert(how.begin(), "its bytes differ");
    report.altered.push_back(
        {folder_.messages[message.position].uid, fmt::format("{}", fmt::join(how, "; "))});
  }
  report.skipped = skipped_;
  report.has_damage = has_damage_;
  if (!is_compared_) {
    report.not_compared = static_cast<std::uint64_t>(
        std::ranges::count_if(outcomes_, [](const Outcome& outcome) { return outcome.accepted; }));
  }
  const auto by_uid = [](const auto& a, const auto& b) { return a.uid < b.uid; };
  std::sort(report.altered.begin(), report.altered.end(), by_uid);
  std::sort(report.skipped.begin(), report.skipped.end(), by_uid);
  return report;
}

}  // namespace restore
