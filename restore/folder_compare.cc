// FolderRestore's comparison of what the server serves with what was sent.
#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/time_text.h"
#include "imap/flag.h"
#include "restore/folder_restore.h"

namespace restore {

namespace {

std::string shown_date(const std::optional<base::ZonedTime>& date) {
  return date ? base::shown_time(date->instant) : "unknown";
}

}  // namespace

// The server may have stored a message that a run that died had sent completely only after this run
// listed the folder: then it is there twice, and this run's copy is removed. `unclaimed`: what no
// message of this run is known as.
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
  if (folder_.messages.empty() || !can_be_opened_) return;
  // The server's own view, not that of the appending session.
  if (!try_to_open([&] { session.examine(folder_.target_raw_name); })) return;
  recorded_.clear();
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
  find_by_content(session, unclaimed);
  if (start_ == Start::kResumed && reports_uids_) remove_doubles(session, read_back, unclaimed);
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
    const std::optional<base::ZonedTime>& served_date = message.items.internal_date;
    recorded_.push_back({uid, message.items.size.value_or(message.size),
                         served_date.value_or(base::ZonedTime()).instant, entry.message});

    std::vector<std::string> how;
    const bool has_other_bytes = message.digest != outcome.digest;
    if (!outcome.dropped.empty())
      how.push_back(fmt::format("without the flags {}", fmt::join(outcome.dropped, ", ")));
    const auto flags = imap::normal_flags(message.items.flags.value_or(std::vector<std::string>()));
    if (flags != imap::normal_flags(outcome.flags))
      how.push_back(fmt::format("its flags are {}", fmt::join(flags, ", ")));
    if (!entry.internal_date) {
      how.push_back(fmt::format("it had no INTERNALDATE: now it is {}", shown_date(served_date)));
    } else if (!served_date || served_date->instant != entry.internal_date->instant) {
      how.push_back(fmt::format("its INTERNALDATE is {} instead of {}", shown_date(served_date),
                                shown_date(entry.internal_date)));
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
    leave_uncompared(at, "the server could not serve it: " + found->second);
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
    message.how.insert(message.how.begin(), alteration_of(session, reader, message));
  }
}

std::string FolderRestore::alteration_of(imap::Session& session, store::Reader& reader,
                                         const Alteration& message) const {
  OneMessage served(reader.spool_place());
  imap::UidSet one;
  one.add(message.uid);
  session.fetch_messages(one, served);
  try {
    return describe_alteration(reader.read_message(folder_.messages[message.position].message),
                               served.take());
  } catch (const base::Error& error) {
    // The restore itself is complete.
    return fmt::format("its bytes differ; how could not be found out: {}", error.what());
  }
}

}  // namespace restore
