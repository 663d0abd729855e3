#include "restore/folder_restore.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/terminal.h"
#include "imap/flag.h"
#include "restore/steady_read.h"

namespace restore {

FolderRestore::FolderRestore(const PlannedFolder& folder, const store::TreeLevel& level,
                             Start start)
    : folder_(folder), start_(start), outcomes_(folder.messages.size()), recorded_(level.messages) {
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
  if (!try_to_open([&] { open_ = session.select(folder_.target_raw_name); })) return;
  reports_uids_ = session.capabilities().has("UIDPLUS");
  for (std::size_t at = 0; at < outcomes_.size(); ++at) choose_flags(at);
  if (open_.exists > 0) take_present(session, reopen);
}

// Returns false if the server refuses to open the folder: all messages are given up, and the other
// folders continue.
bool FolderRestore::try_to_open(const std::function<void()>& work) {
  try {
    work();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
    can_be_opened_ = false;
    for (std::size_t at = 0; at < outcomes_.size(); ++at) {
      if (outcomes_[at].accepted) {
        leave_uncompared(at, error.what());
      } else {
        give_up(at, error.what());
      }
    }
  }
  return can_be_opened_;
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
  std::size_t bytes = 0;
  for (const std::string& flag : folder_.messages[position].flags) {
    if (flag == "\\Deleted") {
      // Otherwise the first mail program to open the folder would expunge the restored message.
      left_off_deleted_ = true;
    } else if (open_.keeps(flag) && bytes + flag.size() < imap::kMaxSentFlags) {
      bytes += flag.size() + 1;
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

bool FolderRestore::wants(std::size_t position, const store::MessageBytes& bytes) {
  if (!can_be_opened_) return false;
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
  if (std::exchange(outcomes_[position].given_up, true)) return;
  skipped_.push_back({folder_.messages[position].uid, why});
}

void FolderRestore::leave_uncompared(std::size_t position, const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(outcomes_[position].given_up, true)) return;
  uncompared_.push_back({folder_.messages[position].uid, why});
}

void FolderRestore::give_up_unreadable(std::size_t position, const std::string& why) {
  has_damage_ = true;
  give_up(position, why);
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
  report.uncompared = uncompared_;
  report.not_compared = uncompared_.size();
  if (!is_compared_) {
    report.not_compared += static_cast<std::uint64_t>(std::ranges::count_if(
        outcomes_, [](const Outcome& outcome) { return outcome.accepted && !outcome.given_up; }));
  }
  const auto by_uid = [](const auto& a, const auto& b) { return a.uid < b.uid; };
  std::sort(report.altered.begin(), report.altered.end(), by_uid);
  std::sort(report.skipped.begin(), report.skipped.end(), by_uid);
  std::sort(report.uncompared.begin(), report.uncompared.end(), by_uid);
  return report;
}

}  // namespace restore
