// FolderRestore's sending of messages, in batches that are halved where the server refuses one, or
// breaks the connection over one.
#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/terminal.h"
#include "imap/connection_lost.h"
#include "restore/folder_restore.h"

namespace restore {

namespace {

// The messages by their size.
std::multimap<std::uint64_t, base::Uid> sizes_of(imap::Session& session,
                                                 const std::map<base::Uid, std::string>& messages) {
  std::multimap<std::uint64_t, base::Uid> sizes;
  if (messages.empty()) return sizes;
  imap::UidSet uids;
  for (const auto& message : messages) uids.add(message.first);
  session.fetch_identities(uids, [&](const imap::MessageItems& items) {
    if (items.uid && items.size) sizes.emplace(*items.size, *items.uid);
  });
  return sizes;
}

using Literals = imap::Session::Literals;

// A connection may be lost for other reasons than the message; one that is sent alone is left out
// when it happens again.
constexpr int kMaxLostAlone = 3;
// Finding one message among 200 takes ten. A server that breaks every connection is given up.
constexpr int kMaxLostInARow = 25;

bool is_keyword(const std::string& flag) {
  return !flag.starts_with('\\');
}

// A message that is in a file.
class LongMessage : public imap::MessageSource {
 public:
  explicit LongMessage(store::MessageBytes bytes) : bytes_(std::move(bytes)) {}

  std::uint64_t size() const override { return bytes_.size(); }

  void read(std::uint64_t offset, std::span<std::byte> out) const override {
    bytes_.read_at(offset, out);
  }

 private:
  store::MessageBytes bytes_;
};

}  // namespace

void FolderRestore::append(imap::Session& session, std::span<const Waiting> batch,
                           const Reopen& reopen) {
  std::vector<const Waiting*> messages;
  messages.reserve(batch.size());
  for (const Waiting& message : batch) messages.push_back(&message);
  append(session, messages, reopen, Literals::kAsAllowed);
}

void FolderRestore::append(imap::Session& session, Batch batch, const Reopen& reopen,
                           Literals literals) {
  if (batch.empty()) return;
  const bool is_together = batch.size() > 1 && session.capabilities().has("MULTIAPPEND");
  std::optional<std::string> lost;  // why
  Batch rest;
  try {
    const std::shared_lock sending(sending_);
    rest = is_together ? append_together(session, batch, reopen, literals)
                       : append_each(session, batch, reopen, literals);
  } catch (const imap::ConnectionLost& error) {
    if (error.pause()) throw;  // the server asks to wait: the messages are not the reason
    lost = error.what();
  } catch (const base::Error& error) {
    if (!base::is_connection_trouble(error.code())) throw;
    lost = error.what();
  }
  if (lost) {
    append_again(session, batch, reopen, *lost);
  } else if (is_together) {
    append_halves(session, rest, reopen);
  } else {
    append(session, rest, reopen, Literals::kWaiting);
  }
}

// Returns the messages that were not sent because an earlier one was refused.
FolderRestore::Batch FolderRestore::append_each(imap::Session& session, Batch batch,
                                                const Reopen& reopen, Literals literals) {
  std::vector<imap::AppendMessage> messages;
  for (const Waiting* message : batch) messages.push_back(to_append(*message));
  const auto answers = session.append(folder_.target_raw_name, messages, literals);
  if (!session.is_usable()) session = reopen(Unusable::kByRefusal);
  for (std::size_t at = 0; at < answers.size(); ++at) {
    if (!answers[at].sent) return batch.subspan(at);
    if (answers[at].accepted) {
      accept(batch.subspan(at, 1), answers[at]);
    } else if (!retry_without_keywords(session, *batch[at])) {
      give_up(batch[at]->position, answers[at].reason);
    }
  }
  return {};
}

// The server accepts all or none: a refused batch is returned, to be halved until the bad message
// is alone.
FolderRestore::Batch FolderRestore::append_together(imap::Session& session, Batch batch,
                                                    const Reopen& reopen, Literals literals) {
  std::vector<imap::AppendMessage> messages;
  for (const Waiting* message : batch) messages.push_back(to_append(*message));
  const imap::AppendAnswer answer =
      session.append_together(folder_.target_raw_name, messages, literals);
  if (answer.accepted) {
    accept(batch, answer);
    return {};
  }
  if (!session.is_usable()) session = reopen(Unusable::kByRefusal);
  return batch;
}

// From here on each message waits for the server's go-ahead, so that a refusal does not cost the
// connection.
void FolderRestore::append_halves(imap::Session& session, Batch batch, const Reopen& reopen) {
  append(session, batch.first(batch.size() / 2), reopen, Literals::kWaiting);
  append(session, batch.subspan(batch.size() / 2), reopen, Literals::kWaiting);
}

// The connection was lost while the batch was sent. A server that breaks down over a message does
// so each time: the batch is halved until that message is alone, and then it is left out.
void FolderRestore::append_again(imap::Session& session, Batch batch, const Reopen& reopen,
                                 const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    start_ = Start::kResumed;  // the server may still store what it received
    if (++lost_in_a_row_ > kMaxLostInARow) {
      base::fail(base::ErrorCode::kNetwork,
                 "{} connections were lost one after the other, the last one: {}", lost_in_a_row_,
                 why);
    }
  }
  base::log_warning("restore: {}: {}", base::escape_for_terminal(folder_.target), why);
  session = reopen(Unusable::kByLostConnection);
  const std::vector<const Waiting*> missing = find_missing(session, batch, reopen);
  if (missing.size() > 1) {
    append_halves(session, missing, reopen);
  } else if (missing.size() == 1) {
    const std::size_t position = missing.front()->position;
    if (batch.size() == 1 && ++outcomes_[position].lost >= kMaxLostAlone) {
      give_up(position, "the connection was lost each time it was sent: " + why);
    } else {
      append(session, missing, reopen, Literals::kWaiting);
    }
  }
}

// Looks, over a new connection, at what the folder has received since it was opened, and finds the
// messages of the batch there by their content, or by their size if the server can't serve them:
// sent again, they would be there twice. Returns the others.
std::vector<const FolderRestore::Waiting*> FolderRestore::find_missing(imap::Session& session,
                                                                       Batch batch,
                                                                       const Reopen& reopen) {
  const std::unique_lock alone(sending_);
  if (session.select(folder_.target_raw_name).uid_validity != open_.uid_validity) {
    base::fail(base::ErrorCode::kNetwork,
               "restore: {}: the folder was replaced while the connection was lost",
               base::escape_for_terminal(folder_.target));
  }
  imap::UidSet present;
  if (last_present_.value > 0) present.add({base::Uid{1}, last_present_});
  std::vector<base::Uid> known;
  {
    const std::lock_guard lock(mutex_);
    for (const Outcome& outcome : outcomes_) {
      if (outcome.uid) known.push_back(*outcome.uid);
    }
  }
  ReadBack served(DigestOf::kCanonical);
  const imap::UidSet added =
      session.search_all().without(present).without(imap::UidSet(std::span(known)));
  auto unread = sizes_of(session, read(session, added, served, reopen));

  std::multimap<store::Sha256, base::Uid> unclaimed;
  for (const auto& [uid, message] : served.messages()) unclaimed.emplace(message.digest, uid);
  const std::lock_guard lock(mutex_);
  if (!reports_uids_) {
    // Messages accepted earlier may have the same content.
    for (const Outcome& outcome : outcomes_) {
      if (!outcome.accepted || outcome.uid) continue;
      const auto other = unclaimed.find(outcome.canonical);
      if (other != unclaimed.end()) unclaimed.erase(other);
    }
  }
  std::vector<const Waiting*> missing;
  for (const Waiting* message : batch) {
    Outcome& outcome = outcomes_[message->position];
    if (outcome.accepted || outcome.given_up) continue;
    const auto found = unclaimed.find(canonical_digest(message->bytes));
    const auto of_its_size = unread.find(message->bytes.size());
    if (found == unclaimed.end() && of_its_size == unread.end()) {
      missing.push_back(message);
      continue;
    }
    outcome.accepted = outcome.sent = true;
    if (found != unclaimed.end()) {
      outcome.uid = found->second;
      unclaimed.erase(found);
    } else {
      outcome.uid = of_its_size->second;
      unread.erase(of_its_size);
    }
    lost_in_a_row_ = 0;
  }
  return missing;
}

void FolderRestore::accept(Batch batch, const imap::AppendAnswer& answer) {
  const bool has_uids =
      answer.uids.size() == batch.size() && answer.uid_validity == open_.uid_validity;
  const std::lock_guard lock(mutex_);
  lost_in_a_row_ = 0;
  for (std::size_t at = 0; at < batch.size(); ++at) {
    Outcome& outcome = outcomes_[batch[at]->position];
    outcome.accepted = outcome.sent = true;
    if (has_uids) outcome.uid = answer.uids[at];
  }
}

imap::AppendMessage FolderRestore::to_append(const Waiting& message) const {
  imap::AppendMessage append{
      outcomes_[message.position].flags, folder_.messages[message.position].internal_date, {}};
  if (const auto bytes = message.bytes.in_memory()) {
    append.bytes = *bytes;
  } else {
    append.source = std::make_shared<LongMessage>(message.bytes);
  }
  return append;
}

// Some servers refuse a message because of a keyword: the mail matters more than the keyword.
bool FolderRestore::retry_without_keywords(imap::Session& session, const Waiting& message) {
  Outcome& outcome = outcomes_[message.position];
  const auto first_keyword =
      std::stable_partition(outcome.flags.begin(), outcome.flags.end(),
                            [](const std::string& flag) { return !is_keyword(flag); });
  if (first_keyword == outcome.flags.end()) return false;
  outcome.dropped.insert(outcome.dropped.end(), first_keyword, outcome.flags.end());
  outcome.flags.erase(first_keyword, outcome.flags.end());
  const imap::AppendMessage again = to_append(message);
  const auto answer =
      session.append(folder_.target_raw_name, {&again, 1}, Literals::kWaiting).front();
  const Waiting* const one = &message;
  if (answer.accepted) accept({&one, 1}, answer);
  return answer.accepted;
}

}  // namespace restore
