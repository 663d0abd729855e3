// Folders that a session requests ahead.
//
// The server carries out EXAMINE and the UID FETCH after it in the order in which they were sent
// (RFC 9051, section 5.5: their results would be ambiguous otherwise). So the data before the end
// of a folder's EXAMINE is not yet about its messages, and the data from there to the end of its
// UID FETCH is. If a response that completes a later command comes before one of an earlier
// command, no data can be attributed to any folder: so this is checked before each response is
// used, and once more after the last one.
#include <algorithm>
#include <iterator>

#include "imap/folder_list.h"
#include "imap/session_impl.h"

namespace imap {

void Session::Impl::request_ahead(const Folder& folder) {
  if (list_under_way_) finish_list();  // other responses must not count as part of the list
  has_opened_ = true;
  const FolderStatus status = folder.status.value_or(FolderStatus{});
  const bool needs_proof = !status.size && status.messages.value_or(0) > 0 && has_status_size();
  const bool is_named = needs_proof && names_folders_;
  const bool has_modseq = expects_modseq(status);
  bool has_parameter = false;  // a refusal leads to a second attempt in any case
  Ahead& ahead = ahead_.emplace_back();
  ahead.raw_name = folder.raw_name;
  ahead.items = all_items(has_modseq);
  ahead.items.push_back(kBody);
  ahead.examine = connection_.start(opening("EXAMINE", folder.raw_name, nullptr, has_parameter));
  if (status.messages.value_or(0) == 0) return;
  std::vector<FixedText> items = ahead.items;
  if (is_named) items.insert(std::prev(items.end()), "X-MAILBOX");  // before the body
  ahead.is_named = is_named;
  ahead.fetch = connection_.start(command("UID FETCH").uids(UidSet::all()).list(items));
  if (!needs_proof || is_named) return;
  static const StatusItems size_items = {"MESSAGES", "UIDNEXT", "UIDVALIDITY", "SIZE"};
  ahead.status = connection_.start(command("STATUS").string(folder.raw_name).list(size_items));
  // Dovecot completes a FETCH with the next command that does something to the folder.
  connection_.let_overtake(*ahead.status);
}

// A wrong guess costs a second reading. Most servers have MODSEQ in all folders or in none.
bool Session::Impl::expects_modseq(const FolderStatus& listed) const {
  if (refuses_modseq_) return false;
  if (limits_.list_detail != ListDetail::kNumbers) return listed.highest_modseq.has_value();
  return had_modseq_.value_or(capabilities_.has_modseq());
}

std::size_t Session::Impl::requested_ahead() const {
  const bool is_first_open = !ahead_.empty() && ahead_.front().is_open;
  return ahead_.size() - (is_first_open ? 1 : 0);
}

bool Session::Impl::is_requested_ahead(std::string_view raw_name) const {
  return !ahead_.empty() && !ahead_.front().is_open && ahead_.front().raw_name == raw_name;
}

// Fails if `tag`, for which finish() is not called or has not returned yet, or a later command was
// answered.
void Session::Impl::require_order(Connection::Tag tag) const {
  if (!connection_.has_answered_from(tag)) return;
  throw ConnectionLost(
      "the server answered commands in another order than they were sent, so its data can't be "
      "attributed to a folder: each command now waits for the one before it",
      std::nullopt, ConnectionLost::Cause::kOutOfOrder);
}

StatusResponse Session::Impl::finish_in_order(Connection::Tag tag, const Connection::Take& take,
                                              BodySink& bodies) {
  require_order(tag);
  StatusResponse answer = finish(
      tag,
      [&](Response& response) {
        require_order(tag);
        take(response);
      },
      bodies);
  require_order(tag);
  return answer;
}

StatusResponse Session::Impl::finish_ahead(const Connection::Take& take) {
  NoBodies no_bodies;
  StatusResponse answer = finish_in_order(ahead_.front().examine, take, no_bodies);
  if (answer.condition != Condition::kOk) {
    // The answer to its UID FETCH is about no folder, or about the one before.
    ahead_.front().examine = {};
    return answer;
  }
  ahead_.front().is_open = true;
  if (!ahead_.front().fetch) ahead_.pop_front();
  return answer;
}

std::optional<Session::Impl::Ahead> Session::Impl::take_fetch_ahead(
    const UidSet& uids, const std::vector<FixedText>& items) {
  const bool is_requested = !ahead_.empty() && ahead_.front().is_open &&
                            ahead_.front().items == items && uids == UidSet::all();
  if (!is_requested) return std::nullopt;
  std::optional<Ahead> taken = std::move(ahead_.front());
  ahead_.pop_front();
  return taken;
}

// The response names the folder, so it proves something whatever the order of the commands was.
StatusResponse Session::Impl::fetch_ahead(const Ahead& ahead, const Connection::Take& take,
                                          BodySink& bodies) {
  StatusList statuses(limits_.max_kept);
  const auto take_status = [&](Response& response) {
    auto* const answer = std::get_if<FolderStatusResponse>(&response);
    if (answer != nullptr) note_progress_if(statuses.add(*answer));
    return answer != nullptr;
  };
  bool is_named = ahead.is_named;
  const auto note_name = [&](const Response& response) {
    const auto* const message = std::get_if<FetchResponse>(&response);
    if (message == nullptr) return;
    const std::optional<std::string>& folder = message->items.folder;
    is_named = is_named && (folder ? *folder == ahead.raw_name  //
                                   : message->body == BodyKind::kMissing);
  };
  StatusResponse fetched = finish_in_order(
      ahead.fetch.value(),
      [&](Response& response) {
        note_name(response);
        if (!take_status(response)) take(response);
      },
      bodies);
  is_named_ahead_ = is_named && fetched.condition == Condition::kOk;
  if (ahead.is_named && fetched.condition == Condition::kBad) names_folders_ = false;
  if (!ahead.status) return fetched;
  connection_.expect_no_message();
  NoBodies no_bodies;
  const StatusResponse end = finish_in_order(*ahead.status, take_status, no_bodies);
  if (end.condition == Condition::kOk) status_ahead_ = statuses.take(ahead.raw_name);
  return fetched;
}

// The responses are not observed: they are about other folders than the open one.
void Session::Impl::discard_ahead() {
  if (ahead_.empty()) return;
  NoBodies no_bodies;
  const auto discard = [&](Connection::Tag tag) {
    // A dropped command is never answered.
    if (tag.number == 0 || connection_.is_dropped(tag)) return;
    connection_.finish(
        tag, [](Response&) {}, no_bodies);
  };
  is_discarding_ = true;  // and stays so after a failure, with the folder in front
  for (; !ahead_.empty(); ahead_.pop_front()) {
    const Ahead& ahead = ahead_.front();
    if (!ahead.is_open) discard(ahead.examine);
    if (ahead.fetch) discard(*ahead.fetch);
    if (ahead.status) discard(*ahead.status);
    ++discarded_ahead_;
  }
  is_discarding_ = false;
}

void Session::Impl::close_ahead() {
  if (ahead_.empty()) return;
  discard_ahead();
  open_name_.clear();
}

// Messages that are gone now count as expunged, as far as their number shows: callers take others
// for messages that the server hides.
void Session::Impl::return_to_open_folder() {
  discard_ahead();
  if (open_name_.empty()) return;
  const std::string raw_name = open_name_;
  const std::uint32_t validity = open_validity_;
  const std::uint64_t exists = exists_;
  std::optional<FolderStatus> status = std::move(status_ahead_);
  const bool is_named = is_named_ahead_;
  const OpenFolder now = open_folder("EXAMINE", raw_name);
  status_ahead_ = std::move(status);
  is_named_ahead_ = is_named;
  if (now.uid_validity != validity) {
    throw ConnectionLost("the folder was replaced by another one while it was read: try again",
                         std::nullopt);
  }
  expunged_ += exists - std::min(exists, exists_);
}

}  // namespace imap
