// The start of a session: capabilities, enabled extensions, and namespaces. If the responses can be
// guessed, these and the list of folders take one round trip.
#include <algorithm>

#include "base/ascii.h"
#include "base/log.h"
#include "base/terminal.h"
#include "imap/folder_list.h"
#include "imap/folder_listing.h"
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
  const auto listing = std::make_shared<FolderListing>(limits_.max_kept);
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

}  // namespace imap
