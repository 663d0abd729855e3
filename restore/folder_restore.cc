#include "restore/folder_restore.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/time_text.h"
#include "imap/flag.h"
#include "restore/read_back.h"

namespace restore {

namespace {

constexpr std::size_t kMostInBatch = 200;
constexpr std::size_t kMostBytesInBatch = 8U << 20U;

bool is_keyword(const std::string& flag) {
  return !flag.starts_with('\\');
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::vector<std::string> sorted_flags(const std::vector<std::string>& flags) {
  std::vector<std::string> sorted;
  for (const std::string& flag : flags) {
    if (!imap::is_recent(flag)) sorted.push_back(imap::canonical_flag(flag));
  }
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace

FolderRestore::FolderRestore(imap::Session& session, store::Reader& reader,
                             const PlannedFolder& folder, store::TreeLevel& level)
    : session_(session),
      reader_(reader),
      folder_(folder),
      level_(level),
      outcomes_(folder.messages.size()) {
  report_.source = folder.source;
  report_.target = folder.target;
  report_.messages = folder.messages.size();
}

FolderReport FolderRestore::run() {
  if (folder_.messages.empty()) return report_;
  open_ = session_.select(folder_.target_raw_name);
  for (std::size_t at = 0; at < outcomes_.size(); ++at) choose_flags(at);
  if (open_.exists > 0) take_present();
  append_all();
  compare();
  const auto by_uid = [](const auto& a, const auto& b) { return a.uid < b.uid; };
  std::sort(report_.altered.begin(), report_.altered.end(), by_uid);
  std::sort(report_.skipped.begin(), report_.skipped.end(), by_uid);
  return std::move(report_);
}

void FolderRestore::choose_flags(std::size_t position) {
  Outcome& outcome = outcomes_[position];
  for (const std::string& flag : folder_.messages[position].flags) {
    if (flag == "\\Deleted") {
      // Or the first mail program to look would expunge what was just rescued.
      left_off_deleted_ = true;
    } else if (open_.keeps(flag)) {
      outcome.flags.push_back(flag);
    } else {
      outcome.dropped.push_back(flag);
    }
  }
}

// Of a run that died: what it recorded is known by its UID, what it had no time to record by its
// content.
void FolderRestore::take_present() {
  ReadBack present(DigestOf::kCanonical);
  session_.fetch_messages(session_.search_all(), present);
  std::multimap<store::MessageId, std::size_t> wanted;
  for (std::size_t at = 0; at < folder_.messages.size(); ++at) {
    wanted.emplace(folder_.messages[at].message, at);
  }
  std::map<base::Uid, store::MessageId> recorded;
  for (const store::TreeMessage& message : level_.messages) {
    recorded.emplace(message.uid, message.message);
  }
  for (const auto& served : present.messages()) {
    const auto known = recorded.find(served.first);
    const auto place = known == recorded.end() ? wanted.end() : wanted.find(known->second);
    if (place == wanted.end()) {
      unrecorded_.emplace(served.second.digest, served.first);
      continue;
    }
    outcomes_[place->second].accepted = true;
    outcomes_[place->second].uid = served.first;
    wanted.erase(place);
  }
}

bool FolderRestore::is_present(std::size_t position, base::ByteView bytes) {
  Outcome& outcome = outcomes_[position];
  if (outcome.accepted) return true;
  if (unrecorded_.empty()) return false;
  const auto found = unrecorded_.find(canonical_digest(bytes));
  if (found == unrecorded_.end()) return false;
  outcome.accepted = true;
  outcome.uid = found->second;
  unrecorded_.erase(found);
  return true;
}

void FolderRestore::append_all() {
  std::vector<store::MessageId> ids;
  ids.reserve(folder_.messages.size());
  for (const store::MessageEntry& entry : folder_.messages) ids.push_back(entry.message);

  std::vector<Waiting> batch;
  std::size_t bytes_waiting = 0;
  const auto flush = [&] {
    append_batch(batch);
    batch.clear();
    bytes_waiting = 0;
  };
  reader_.read_messages(
      ids,
      [&](std::size_t position, base::ByteView bytes) {
        outcomes_[position].digest = store::sha256(bytes);
        if (is_present(position, bytes)) return;
        batch.push_back({position, base::Bytes(bytes.begin(), bytes.end())});
        bytes_waiting += bytes.size();
        if (batch.size() >= kMostInBatch || bytes_waiting >= kMostBytesInBatch) flush();
      },
      [&](std::size_t position, const std::string& why) {
        report_.skipped.push_back({folder_.messages[position].uid, why});
      });
  flush();
}

void FolderRestore::append_batch(std::span<const Waiting> batch) {
  if (batch.empty()) return;
  if (batch.size() > 1 && session_.capabilities().has("MULTIAPPEND")) {
    append_together(batch);
    return;
  }
  std::vector<imap::AppendMessage> messages;
  for (const Waiting& message : batch) messages.push_back(to_append(message));
  const auto answers = session_.append(folder_.target_raw_name, messages);
  for (std::size_t at = 0; at < answers.size(); ++at) {
    if (answers[at].accepted) {
      accept(batch.subspan(at, 1), answers[at]);
    } else if (!retry_without_keywords(batch[at])) {
      refuse(batch[at], answers[at].reason);
    }
  }
}

// All are taken or none: what is refused is halved until the bad one stands alone.
void FolderRestore::append_together(std::span<const Waiting> batch) {
  std::vector<imap::AppendMessage> messages;
  for (const Waiting& message : batch) messages.push_back(to_append(message));
  const imap::AppendAnswer answer = session_.append_together(folder_.target_raw_name, messages);
  if (answer.accepted) {
    accept(batch, answer);
    return;
  }
  append_batch(batch.first(batch.size() / 2));
  append_batch(batch.subspan(batch.size() / 2));
}

void FolderRestore::accept(std::span<const Waiting> batch, const imap::AppendAnswer& answer) {
  const bool told = answer.uids.size() == batch.size() && answer.uid_validity == open_.uid_validity;
  for (std::size_t at = 0; at < batch.size(); ++at) {
    Outcome& outcome = outcomes_[batch[at].position];
    outcome.accepted = true;
    if (told) outcome.uid = answer.uids[at];
  }
}

void FolderRestore::refuse(const Waiting& message, const std::string& reason) {
  report_.skipped.push_back({folder_.messages[message.position].uid, reason});
}

imap::AppendMessage FolderRestore::to_append(const Waiting& message) const {
  return {outcomes_[message.position].flags, folder_.messages[message.position].internal_date,
          message.bytes};
}

// Some servers refuse a message for a keyword that they dislike: the mail counts for more.
bool FolderRestore::retry_without_keywords(const Waiting& message) {
  Outcome& outcome = outcomes_[message.position];
  const auto first_keyword =
      std::stable_partition(outcome.flags.begin(), outcome.flags.end(),
                            [](const std::string& flag) { return !is_keyword(flag); });
  if (first_keyword == outcome.flags.end()) return false;
  outcome.dropped.insert(outcome.dropped.end(), first_keyword, outcome.flags.end());
  outcome.flags.erase(first_keyword, outcome.flags.end());
  const imap::AppendMessage again = to_append(message);
  const auto answer = session_.append(folder_.target_raw_name, {&again, 1}).front();
  if (answer.accepted) accept({&message, 1}, answer);
  return answer.accepted;
}

void FolderRestore::compare() {
  // The server's own view, not that of the appending session.
  session_.examine(folder_.target_raw_name);
  ReadBack read_back;
  session_.fetch_messages(session_.search_all(), read_back);

  // Without APPENDUID a message is found by its content.
  std::multimap<store::Sha256, base::Uid> untold;
  std::set<base::Uid> told;
  for (const Outcome& outcome : outcomes_) {
    if (outcome.uid) told.insert(*outcome.uid);
  }
  for (const auto& served : read_back.messages()) {
    if (!told.contains(served.first)) untold.emplace(served.second.digest, served.first);
  }
  std::vector<store::TreeMessage> recorded;
  for (std::size_t at = 0; at < outcomes_.size(); ++at) {
    Outcome& outcome = outcomes_[at];
    if (!outcome.accepted) continue;
    if (!outcome.uid) {
      const auto found = untold.find(outcome.digest);
      if (found != untold.end()) {
        outcome.uid = found->second;
        untold.erase(found);
      }
    }
    const auto served =
        outcome.uid ? read_back.messages().find(*outcome.uid) : read_back.messages().end();
    const store::MessageEntry& entry = folder_.messages[at];
    if (served == read_back.messages().end()) {
      report_.skipped.push_back({entry.uid, "the server took it, but does not serve it"});
      continue;
    }
    ++report_.restored;
    const base::Uid uid = served->first;
    const MessageReadBack& message = served->second;
    recorded.push_back({uid, message.items.size.value_or(message.size),
                        message.items.internal_date.value_or(base::ZonedTime()).instant,
                        entry.message});

    std::vector<std::string> how;
    if (message.digest != outcome.digest) how.push_back(alteration(at, uid));
    if (!outcome.dropped.empty()) how.push_back("without the flags " + joined(outcome.dropped));
    const auto flags = sorted_flags(message.items.flags.value_or(std::vector<std::string>()));
    if (flags != sorted_flags(outcome.flags)) how.push_back("its flags are " + joined(flags));
    const auto date = message.items.internal_date.value_or(base::ZonedTime()).instant;
    if (date != entry.internal_date.instant) {
      how.push_back(fmt::format("its INTERNALDATE is {} instead of {}", base::format_rfc3339(date),
                                base::format_rfc3339(entry.internal_date.instant)));
    }
    if (!how.empty())
      report_.altered.push_back({entry.uid, fmt::format("{}", fmt::join(how, "; "))});
  }
  // Only now: what a run before this one recorded stays known if the connection is lost meanwhile.
  level_.messages = std::move(recorded);
}

std::string FolderRestore::alteration(std::size_t position, base::Uid uid) {
  OneMessage served;
  imap::UidSet one;
  one.add(uid);
  session_.fetch_messages(one, served);
  return describe_alteration(reader_.read_message(folder_.messages[position].message),
                             served.bytes());
}

}  // namespace restore
