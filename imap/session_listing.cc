// The list of an account's folders with their status, in one piece, in parts, or ahead.
#include <algorithm>

#include "base/log.h"
#include "imap/folder_listing.h"
#include "imap/personal_folders.h"
#include "imap/session_impl.h"

namespace imap {

namespace {

// Responses that are received without a wait: a server that sends more of them without end must not
// keep the caller from its limits.
constexpr std::size_t kMaxWithoutWait = 10'000;

}  // namespace

Session::Impl::StatusItems Session::Impl::status_items() const {
  StatusItems items = {"MESSAGES", "UIDNEXT", "UIDVALIDITY"};
  const ListDetail detail = limits_.list_detail;
  if (detail != ListDetail::kNumbers && capabilities_.has_modseq()) {
    items.push_back("HIGHESTMODSEQ");
  }
  if (detail == ListDetail::kSizes && has_status_size()) items.push_back("SIZE");
  return items;
}

// Requested in a command of its own: next to other items, Cyrus 3.6 responds with bytes of freed
// memory, which may contain anything, including parentheses and line ends.
Session::Impl::StatusItems Session::Impl::identity_items() const {
  if (!capabilities_.has("OBJECTID")) return {};
  return {"MAILBOXID"};
}

std::vector<Session::Impl::ListQuery> Session::Impl::list_queries() const {
  const bool has_list_status = uses_list_status();
  const StatusItems identity = identity_items();
  const bool has_use = capabilities_.has("SPECIAL-USE");
  std::vector<ListQuery> queries;
  for (const std::string& pattern : personal_patterns(namespaces_)) {
    if (!has_list_status) {
      queries.push_back({pattern, false, {}});
      continue;
    }
    queries.push_back({pattern, has_use, status_items()});
    if (!identity.empty()) queries.push_back({pattern, false, identity});
  }
  return queries;
}

std::vector<Connection::Tag> Session::Impl::start(const std::vector<ListQuery>& queries) {
  std::vector<Connection::Tag> tags;
  tags.reserve(queries.size());
  for (const ListQuery& query : queries) {
    Command listing = command("LIST").text("\"\"").string(query.pattern);
    if (!query.status.empty()) listing.return_status(query.with_use, query.status);
    tags.push_back(start(std::move(listing)));
  }
  return tags;
}

bool Session::Impl::uses_list_status() const {
  return capabilities_.has("LIST-STATUS") && caution_ == nullptr && !refuses_list_status_;
}

// Waits for the answer: lines of the list that came before it would be lost.
void Session::Impl::update_open_folder() {
  if (!has_opened_) return;
  const StatusResponse answer = run(command("NOOP"));
  if (answer.condition == Condition::kOk) return;
  base::log_debug("the server refused {}", refusal_of(answer));
}

std::optional<StatusResponse> Session::Impl::request_lists(FolderListing& listing) {
  update_open_folder();
  std::optional<StatusResponse> refusal;
  for (const Connection::Tag tag : start(list_queries())) {
    StatusResponse answer =
        finish(tag, [&](Response& response) { note_progress_if(listing.take(response)); });
    if (answer.condition != Condition::kOk && !refusal) refusal = std::move(answer);
  }
  return refusal;
}

bool Session::Impl::can_list_in_parts() const {
  return uses_list_status() && !namespaces_.is_guessed && list_queries().size() == 1;
}

void Session::Impl::start_list() {
  update_open_folder();
  const Connection::Tag tag = start(list_queries()).front();
  list_under_way_ = ListUnderWay{tag, std::make_shared<FolderListing>(limits_.max_kept)};
}

void Session::Impl::receive_list(const std::function<bool()>& is_enough) {
  ListUnderWay& list = *list_under_way_;
  NoBodies no_bodies;
  list.end = connection_.finish_unless(
      list.tag,
      [&](Response& response) {
        observe(response);
        note_progress_if(list.listing->take(response));
      },
      no_bodies, is_enough);
}

std::vector<Folder> Session::Impl::list_some(std::size_t count, std::size_t more) {
  if (!list_under_way_) {
    if (prefetched_folders_ || !can_list_in_parts()) return {};
    FolderStatus inbox;
    if (status_of(kInbox, inbox).condition == Condition::kOk) inbox_ahead_ = inbox;
    start_list();
  }
  ListUnderWay& list = *list_under_way_;
  if (list.end) return {};
  const std::size_t before = list.listing->folders().size();
  std::size_t further = 0;  // responses
  receive_list([&] {
    const std::size_t arrived = list.listing->folders().size();
    // The status of a folder may follow its line.
    if (arrived <= list.shown + count) return false;
    return arrived - before > more || ++further > kMaxWithoutWait || !connection_.has_line();
  });
  if (list.end) return {};
  std::vector<Folder> some = list.listing->some(list.shown, count);
  std::erase_if(some, [this](const Folder& folder) { return !is_own(folder.raw_name); });
  return some;
}

bool Session::Impl::list_ahead(ListDetail detail) {
  if (!list_under_way_) {
    if (prefetched_folders_ || !can_list_in_parts()) return false;
    const ListDetail before = std::exchange(limits_.list_detail, detail);
    start_list();
    limits_.list_detail = before;
    connection_.send_started();
    return true;
  }
  if (!list_under_way_->end && connection_.has_line()) {
    std::size_t taken = 0;
    receive_list([&] { return ++taken > kMaxWithoutWait || !connection_.has_line(); });
  }
  if (!list_under_way_->end) return true;
  finish_list();
  return false;
}

void Session::Impl::forget_list() {
  if (list_under_way_) {
    const ListUnderWay list = *std::exchange(list_under_way_, std::nullopt);
    const auto take = [&](Response& response) { note_progress_if(list.listing->take(response)); };
    if (!list.end) finish(list.tag, take);
  }
  prefetched_folders_.reset();
}

// If the server refused it, list_personal_folders() requests it once more.
void Session::Impl::finish_list() {
  const ListUnderWay list = *std::exchange(list_under_way_, std::nullopt);
  const StatusResponse end = list.end ? *list.end : finish(list.tag, [&](Response& response) {
    note_progress_if(list.listing->take(response));
  });
  if (end.condition == Condition::kOk) prefetched_folders_ = finish(*list.listing);
}

std::vector<Folder> Session::Impl::list_personal_folders() {
  if (list_under_way_) finish_list();
  std::vector<Folder> folders;
  if (prefetched_folders_) {
    folders = *std::exchange(prefetched_folders_, std::nullopt);
  } else {
    std::optional<FolderListing> listing(std::in_place, limits_.max_kept);
    std::optional<StatusResponse> refusal = request_lists(*listing);
    if (refusal && uses_list_status()) {
      base::log_debug("the server announced LIST-STATUS and refused {}", refusal_of(*refusal));
      refuses_list_status_ = true;
      refusal = request_lists(listing.emplace(limits_.max_kept));
    }
    if (refusal) require_ok(*refusal);
    folders = finish(*listing);
  }
  if (list_gaps_.is_empty && !list_gaps_.inbox_refusal.empty()) {
    base::fail(base::ErrorCode::kRefused,
               "the server lists no folder and refuses INBOX ({}): check that the account has a "
               "mailbox there",
               list_gaps_.inbox_refusal);
  }
  return folders;
}

// A folder for which the server sends no status has none; this does not affect the others.
void Session::Impl::request_status_together(FolderListing& listing) {
  std::vector<Connection::Tag> tags;
  for (const Folder& folder : listing.folders()) {
    if (!folder.can_be_opened() || !can_be_a_string(folder.raw_name)) continue;
    for (const StatusItems& items : {status_items(), identity_items()}) {
      if (items.empty()) continue;
      tags.push_back(start(command("STATUS").string(folder.raw_name).list(items)));
    }
  }
  for (const Connection::Tag tag : tags) {
    finish(tag, [&](Response& response) { note_progress_if(listing.take_status(response)); });
  }
}

void Session::Impl::request_status_one_by_one(FolderListing& listing) {
  for (const Folder& folder : listing.folders()) {
    if (!folder.can_be_opened() || !can_be_a_string(folder.raw_name)) continue;
    if (caution_->without.contains(folder.raw_name)) continue;
    caution_->requested = folder.raw_name;
    for (const StatusItems& items : {status_items(), identity_items()}) {
      if (items.empty()) continue;
      run(command("STATUS").string(folder.raw_name).list(items),
          [&](Response& response) { note_progress_if(listing.take_status(response)); });
    }
    caution_->requested.clear();
  }
}

void Session::Impl::leave_out_others(FolderListing& listing) {
  std::vector<std::string> uncertain;
  for (const Folder& folder : listing.folders()) {
    if (folder.can_be_opened()) uncertain.push_back(folder.raw_name);
  }
  request_my_rights(uncertain);
  outside_.clear();
  listing.leave_out([this](const Folder& folder) {
    if (is_own(folder.raw_name)) return false;
    if (namespaces_.is_guessed) outside_.push_back(folder);
    return true;
  });
}

std::vector<Folder> Session::Impl::folders_outside() {
  const bool is_all_listed = std::ranges::any_of(
      namespaces_.personal, [](const Namespace& space) { return space.prefix.empty(); });
  if (is_all_listed) return outside_;
  if (limits_.without.contains(kListAll.view())) return {};
  std::vector<Folder> folders = listed(command(kListAll));
  // Without a personal namespace, others have an empty prefix and thus all folders but INBOX.
  const bool are_others_outside = namespaces_.personal.empty();
  std::erase_if(folders, [&](const Folder& folder) {
    const Owner owner = owner_of_folder(folder.raw_name, namespaces_);
    return owner == Owner::kAccount || (owner == Owner::kOthers && !are_others_outside);
  });
  return folders;
}

std::vector<Folder> Session::Impl::finish(FolderListing& listing) {
  leave_out_others(listing);
  if (caution_ != nullptr) {
    request_status_one_by_one(listing);
  } else if (!uses_list_status()) {
    request_status_together(listing);
  }
  std::vector<Folder> folders = listing.take_folders();
  find_inbox(folders);
  list_gaps_.odd_lines = listing.odd_lines();
  return folders;
}

}  // namespace imap
