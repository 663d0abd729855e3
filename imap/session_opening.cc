// The start of a session: capabilities, enabled extensions, and the list of folders. If the
// responses can be guessed, all commands are sent in one round trip.
#include <algorithm>

#include "base/ascii.h"
#include "base/log.h"
#include "base/terminal.h"
#include "imap/folder_list.h"
#include "imap/personal_folders.h"
#include "imap/session_impl.h"

namespace imap {

namespace {

// Some servers answer with three NILs, with OK alone, or with other users' namespaces only. Taken
// literally, the account would have no folder but INBOX. That can be true only where the others
// have an empty prefix, and thus all folders.
bool has_own_folders(const Namespaces& namespaces) {
  const auto has_empty_prefix = [](const std::vector<Namespace>& spaces) {
    return std::ranges::find(spaces, "", &Namespace::prefix) != spaces.end();
  };
  return !namespaces.personal.empty() || has_empty_prefix(namespaces.other_users) ||
         has_empty_prefix(namespaces.shared);
}

// Shortens the list to `room`, which is then smaller by its size. Returns whether it was longer.
bool shorten(std::vector<Namespace>& spaces, std::size_t& room) {
  const bool is_longer = spaces.size() > room;
  if (is_longer) spaces.resize(room);
  room -= spaces.size();
  return is_longer;
}

// No command can name a folder with such a prefix.
std::size_t drop_unusable(std::vector<Namespace>& spaces) {
  return std::erase_if(spaces, [](const Namespace& one) { return !can_be_a_string(one.prefix); });
}

void keep_usable(Namespaces& namespaces) {
  std::size_t room = kMaxNamespaces;
  namespaces.lacks_personal |= drop_unusable(namespaces.personal) > 0;
  drop_unusable(namespaces.other_users);
  drop_unusable(namespaces.shared);
  namespaces.lacks_personal |= shorten(namespaces.personal, room);
  namespaces.is_guessed |= shorten(namespaces.other_users, room);
  namespaces.is_guessed |= shorten(namespaces.shared, room);
}

}  // namespace

void Session::Impl::take_namespaces(Namespaces answer) {
  constexpr int kMaxAnswers = 100;
  if (++namespace_answers_ > kMaxAnswers) return;
  keep_usable(answer);
  const bool is_other = add_answer(std::move(answer), namespaces_);
  keep_usable(namespaces_);
  if (!is_other || namespace_answers_ > 2) return;
  base::log_warning(
      "the server reports its namespaces twice and differently: the folders of all personal ones "
      "count as the account's");
}

// The responses to list_queries().
class Session::Impl::Listing {
 public:
  explicit Listing(std::size_t max_kept) : list_(folders_, max_kept), statuses_(max_kept) {}

  // Returns true if the response had something new.
  bool take(Response& response) {
    if (auto* const answer = std::get_if<ListResponse>(&response)) {
      // No command can name such a folder.
      return !answer->folder.raw_name.empty() && list_.add(std::move(answer->folder));
    }
    if (const auto* const odd = std::get_if<OddResponse>(&response)) {
      if (odd->is("LIST") || odd->is("XLIST")) odd_lines_.add(odd->line);
      return false;
    }
    return take_status(response);
  }

  // The same, once the folders are listed: a line of LIST that nothing requested is not used.
  bool take_status(Response& response) {
    auto* const status = std::get_if<FolderStatusResponse>(&response);
    return status != nullptr && statuses_.add(*status);
  }

  const std::vector<Folder>& folders() const { return folders_; }

  // Up to `count` folders from `shown` on, which follows, with their statuses. Ends before the
  // first one without a status that it may have.
  std::vector<Folder> some(std::size_t& shown, std::size_t count) const {
    std::vector<Folder> some;
    for (; some.size() < count && shown < folders_.size(); ++shown) {
      const Folder& folder = folders_[shown];
      const FolderStatus* const status = statuses_.find(folder.raw_name);
      if (folder.can_be_opened() && status == nullptr) break;
      some.push_back(folder);
      if (status != nullptr) some.back().status = *status;
    }
    return some;
  }

  const OddLines& odd_lines() const { return odd_lines_; }

  template <typename IsOthers>
  void leave_out(const IsOthers& is_others) {
    std::erase_if(folders_, is_others);
  }

  // Returns the folders with their statuses.
  std::vector<Folder> take_folders() {
    for (Folder& folder : folders_) folder.status = statuses_.take(folder.raw_name);
    return std::move(folders_);
  }

 private:
  std::vector<Folder> folders_;
  FolderList list_;
  StatusList statuses_;
  OddLines odd_lines_;
};

Session::Impl::Impl(std::unique_ptr<Transport> transport, const Limits& limits,
                    std::optional<std::string_view> personal_prefix, ActingAs acting_as,
                    const base::Clock& clock)
    : connection_(std::move(transport), limits, clock), limits_(limits) {
  std::vector<std::string> announced = connection_.announced();
  if (personal_prefix && !announced.empty() && !limits.without.contains("CAPABILITY")) {
    open_with_prefetch(std::move(announced), *personal_prefix, acting_as);
    return;
  }
  request_capabilities();
  const bool can_enable = capabilities_.has("ENABLE") && capabilities_.has_modseq();
  std::optional<Connection::Tag> enabling;
  if (can_enable) enabling = start_enabling();
  request_namespaces();
  if (enabling) has_enabled_modseq_ = finish(*enabling).condition == Condition::kOk;
  if (const auto identifying = start_identifying()) {
    finish(*identifying, [this](Response& response) {
      if (const auto* const id = std::get_if<IdResponse>(&response)) take_id(*id);
    });
  }
}

// The guess only decides which commands are sent early. The responses to CAPABILITY and NAMESPACE
// are authoritative: if they lead to other list queries, the early responses are discarded.
void Session::Impl::open_with_prefetch(std::vector<std::string> announced,
                                       std::string_view personal_prefix, ActingAs acting_as) {
  const Connection::Tag capabilities = start(command("CAPABILITY"));
  capabilities_ = usable(std::move(announced));
  namespaces_.personal.push_back({std::string(personal_prefix), std::nullopt});
  std::optional<Connection::Tag> enabling;
  if (capabilities_.has("ENABLE") && capabilities_.has_modseq()) enabling = start_enabling();
  std::optional<Connection::Tag> namespaces;
  if (capabilities_.has("NAMESPACE")) namespaces = start(command("NAMESPACE"));
  std::optional<Connection::Tag> rights;
  if (acting_as == ActingAs::kOther && capabilities_.has("ACL")) {
    rights = start(command("GETACL").string(kInbox));
  }
  const std::optional<Connection::Tag> identifying = start_identifying();
  std::vector<ListQuery> prefetched;
  if (namespaces && capabilities_.has("LIST-STATUS")) prefetched = list_queries();
  std::vector<Connection::Tag> inbox;
  if (limits_.lists_in_parts && !prefetched.empty()) {
    for (const StatusItems& items : {status_items(), identity_items()}) {
      if (!items.empty()) inbox.push_back(start(command("STATUS").string(kInbox).list(items)));
    }
  }
  const std::vector<Connection::Tag> tags = start(prefetched);

  std::vector<std::string> names;
  StatusList inbox_status(limits_.max_kept);
  const auto listing = std::make_shared<Listing>(limits_.max_kept);
  const auto take = [&](Response& response) {
    if (auto* const answer = std::get_if<CapabilityResponse>(&response)) {
      names = std::move(answer->names);
    } else if (auto* const spaces = std::get_if<NamespaceResponse>(&response)) {
      take_namespaces(std::move(spaces->namespaces));
    } else if (auto* const acl = std::get_if<AclResponse>(&response)) {
      prefetched_inbox_rights_ = std::move(acl->entries);
    } else if (const auto* const id = std::get_if<IdResponse>(&response)) {
      take_id(*id);
    } else {
      auto* const status = std::get_if<FolderStatusResponse>(&response);
      if (status != nullptr && !inbox.empty()) inbox_status.add(*status);
      note_progress_if(listing->take(response));
    }
  };
  namespaces_ = {};
  const StatusResponse answer = finish(capabilities, take);
  set_capabilities(answer, std::move(names));
  if (enabling) has_enabled_modseq_ = finish(*enabling, take).condition == Condition::kOk;
  const bool is_answered = namespaces && finish(*namespaces, take).condition == Condition::kOk;
  if (rights) finish(*rights, take);  // if refused, the rights stay unknown
  if (identifying) finish(*identifying, take);
  for (const Connection::Tag tag : inbox) finish(tag, take);
  inbox_ahead_ = inbox_status.take(kInbox);
  if (limits_.lists_in_parts && tags.size() == 1 && is_answered && has_own_folders(namespaces_) &&
      (enabling || !capabilities_.has_modseq()) && list_queries() == prefetched &&
      can_list_in_parts()) {
    list_under_way_ = ListUnderWay{tags.front(), listing};
    return;
  }
  bool is_listed = !tags.empty();
  for (const Connection::Tag tag : tags) {
    is_listed = finish(tag, take).condition == Condition::kOk && is_listed;
  }
  if (!enabling && capabilities_.has("ENABLE") && capabilities_.has_modseq()) {
    has_enabled_modseq_ = finish(start_enabling()).condition == Condition::kOk;
  }
  if (!is_answered || !has_own_folders(namespaces_)) {
    namespaces_ = {};
    request_namespaces();
  }
  if (is_listed && list_queries() == prefetched) prefetched_folders_ = finish(*listing);
}

void Session::Impl::request_capabilities() {
  if (limits_.without.contains("CAPABILITY")) return use_announced();
  std::vector<std::string> names;
  const StatusResponse answer = run(command("CAPABILITY"), [&names](Response& response) {
    if (auto* const list = std::get_if<CapabilityResponse>(&response)) names = list->names;
  });
  set_capabilities(answer, std::move(names));
}

// A server that refuses CAPABILITY, or does not list any, may have announced them with the login.
void Session::Impl::set_capabilities(const StatusResponse& answer, std::vector<std::string> names) {
  const bool is_refused = answer.condition != Condition::kOk;
  if (is_refused) base::log_debug("the server refused {}", refusal_of(answer));
  if (is_refused || names.empty()) return use_announced();
  capabilities_ = usable(std::move(names));
  literal_mode_ = literal_mode(capabilities_);
}

void Session::Impl::use_announced() {
  capabilities_ = usable(connection_.announced());
  literal_mode_ = literal_mode(capabilities_);
}

Connection::Tag Session::Impl::start_enabling() {
  return start(
      command("ENABLE").text(capabilities_.has("QRESYNC") ? FixedText("QRESYNC") : "CONDSTORE"));
}

// Only for a list without sizes. STATUS with SIZE costs Dovecot 5 ms a folder of an account of
// 20,000, because it writes the size into its list of folders: the names of the folders prove more,
// and cost nothing.
std::optional<Connection::Tag> Session::Impl::start_identifying() {
  const bool is_useful = limits_.list_detail == ListDetail::kNumbers && has_status_size();
  if (!is_useful || !capabilities_.has("ID")) return std::nullopt;
  return start(command("ID").text("NIL"));
}

void Session::Impl::take_id(const IdResponse& id) {
  names_folders_ = base::equal_ignoring_case(id.name, "Dovecot");
}

void Session::Impl::request_namespaces() {
  if (capabilities_.has("NAMESPACE")) {
    const StatusResponse end = run(command("NAMESPACE"), [this](Response& response) {
      if (auto* const answer = std::get_if<NamespaceResponse>(&response)) {
        take_namespaces(std::move(answer->namespaces));
      }
    });
    const bool is_refused = end.condition != Condition::kOk;
    if (!is_refused && has_own_folders(namespaces_)) return;
    if (is_refused) {
      base::log_debug("the server refused {}", refusal_of(end));
      namespaces_ = {};
    }
  }
  namespaces_.is_guessed = true;
  Namespace& personal = namespaces_.personal.emplace_back();
  if (limits_.without.contains(kListRoot.view())) return;
  const StatusResponse end = run(command(kListRoot), [&personal](Response& response) {
    if (auto* const answer = std::get_if<ListResponse>(&response)) {
      personal.delimiter = answer->folder.delimiter;
    }
  });
  // Each folder's line in the list has the delimiter too.
  if (end.condition != Condition::kOk) base::log_debug("the server refused {}", refusal_of(end));
}

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

std::optional<StatusResponse> Session::Impl::request_lists(Listing& listing) {
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

std::vector<Folder> Session::Impl::list_some(std::size_t count, std::size_t more) {
  if (!list_under_way_) {
    if (prefetched_folders_ || !can_list_in_parts()) return {};
    FolderStatus inbox;
    if (status_of(kInbox, inbox).condition == Condition::kOk) inbox_ahead_ = inbox;
    const Connection::Tag tag = start(list_queries()).front();
    list_under_way_ = ListUnderWay{tag, std::make_shared<Listing>(limits_.max_kept)};
  }
  ListUnderWay& list = *list_under_way_;
  if (list.end) return {};
  const std::size_t before = list.listing->folders().size();
  const auto is_enough = [&] {
    const std::size_t arrived = list.listing->folders().size();
    // The status of a folder may follow its line.
    return arrived > list.shown + count && (arrived - before > more || !connection_.has_arrived());
  };
  NoBodies no_bodies;
  list.end = connection_.finish_unless(
      list.tag,
      [&](Response& response) {
        observe(response);
        note_progress_if(list.listing->take(response));
      },
      no_bodies, is_enough);
  if (list.end) return {};
  std::vector<Folder> some = list.listing->some(list.shown, count);
  std::erase_if(some, [this](const Folder& folder) { return !is_own(folder.raw_name); });
  return some;
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
    std::optional<Listing> listing(std::in_place, limits_.max_kept);
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
void Session::Impl::request_status_together(Listing& listing) {
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

void Session::Impl::request_status_one_by_one(Listing& listing) {
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

void Session::Impl::leave_out_others(Listing& listing) {
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

std::vector<Folder> Session::Impl::finish(Listing& listing) {
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
