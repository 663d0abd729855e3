#include "imap/session.h"

#include "base/error.h"
#include "imap/curl_transport.h"
#include "imap/session_impl.h"

namespace imap {

Session Session::open(const Endpoint& endpoint, const Login& login, const Limits& limits) {
  Session session(connect_with_curl(endpoint, login), limits);
  if (endpoint.compression == Compression::kDeflate) session.compress();
  return session;
}

Session Session::open_and_list_ahead(const Endpoint& endpoint, const Login& login,
                                     const Limits& limits, std::string_view personal_prefix,
                                     const std::function<void()>& logged_in) {
  std::unique_ptr<Transport> transport = connect_with_curl(endpoint, login);
  if (logged_in) logged_in();
  if (endpoint.compression != Compression::kNone) {
    Session session(std::move(transport), limits);
    if (endpoint.compression == Compression::kDeflate) session.compress();
    return session;
  }
  const ActingAs acting_as = login.acting_as.empty() ? ActingAs::kSelf : ActingAs::kOther;
  return {std::move(transport), limits, personal_prefix, acting_as};
}

Session::Session(std::unique_ptr<Transport> transport, const Limits& limits,
                 std::optional<std::string_view> personal_prefix, ActingAs acting_as,
                 const base::Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(transport), limits, personal_prefix, acting_as,
                                   clock)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

void Session::compress() {
  impl_->compress();
}

const Capabilities& Session::capabilities() const {
  return impl_->capabilities();
}

void Session::add_namespaces(std::span<const std::string> prefixes) {
  impl_->add_namespaces(prefixes);
}

std::vector<Folder> Session::folders_outside() {
  return during("list the folders outside the namespaces", "",
                [&] { return impl_->folders_outside(); });
}

Namespaces Session::namespaces() {
  return impl_->namespaces();
}

std::vector<Folder> Session::list_personal_folders() {
  return during("list the folders", "*", [this] { return impl_->list_personal_folders(); });
}

std::vector<Folder> Session::list_some(std::size_t count, std::size_t more) {
  return during("list the folders", "*", [&] { return impl_->list_some(count, more); });
}

bool Session::list_ahead(ListDetail detail) {
  return during("list the folders", "*", [&] { return impl_->list_ahead(detail); });
}

void Session::forget_list() {
  during("list the folders", "*", [&] { impl_->forget_list(); });
}

const std::optional<FolderStatus>& Session::inbox_ahead() const {
  return impl_->inbox_ahead();
}

void Session::list_with(ListDetail detail) {
  impl_->list_with(detail);
}

void Session::request_status_one_by_one(StatusCaution& caution) {
  impl_->request_status_one_by_one(caution);
}

const ListGaps& Session::list_gaps() const {
  return impl_->list_gaps();
}

const CommandNames& Session::done_without() const {
  return impl_->done_without();
}

const OddLines& Session::odd_lines() const {
  return impl_->odd_lines();
}

std::uint64_t Session::exists() const {
  return impl_->exists();
}

std::uint64_t Session::expunged() const {
  return impl_->expunged();
}

std::vector<Folder> Session::list(std::string_view pattern) {
  return during("list", pattern, [&] { return impl_->list(pattern); });
}

std::vector<FolderAnswer> Session::ask(std::span<const std::string> raw_names) {
  return during("look up folders that are not listed", raw_names.empty() ? "" : raw_names.front(),
                [&] { return impl_->ask(raw_names); });
}

FolderStatus Session::status(std::string_view raw_name) {
  return during("get the status", raw_name, [&] { return impl_->status(raw_name); });
}

OpenFolder Session::examine(std::string_view raw_name) {
  return during("open", raw_name, [&] { return impl_->open_folder("EXAMINE", raw_name); });
}

bool Session::can_resync() const {
  return impl_->can_resync();
}

OpenFolder Session::examine(std::string_view raw_name, const Resync& resync, Changes& changes) {
  return during("open", raw_name, [&] { return impl_->examine(raw_name, resync, changes); });
}

void Session::request_ahead(const Folder& folder) {
  during("request ahead", folder.raw_name, [&] { impl_->request_ahead(folder); });
}

void Session::send_ahead() {
  impl_->send_ahead();
}

bool Session::is_named_ahead() const {
  return impl_->is_named_ahead();
}

const std::optional<FolderStatus>& Session::status_ahead() const {
  return impl_->status_ahead();
}

bool Session::can_request_ahead(const Folder& folder) const {
  return impl_->can_request_ahead(folder);
}

std::size_t Session::requested_ahead() const {
  return impl_->requested_ahead();
}

std::uint64_t Session::discarded_ahead() const {
  return impl_->discarded_ahead();
}

void Session::close_ahead() {
  during("discard what was requested ahead", "", [this] { impl_->close_ahead(); });
}

std::string_view Session::discarding() const {
  return impl_->discarding();
}

OpenFolder Session::select(std::string_view raw_name) {
  return during("open", raw_name, [&] { return impl_->open_folder("SELECT", raw_name); });
}

FetchAnswer Session::fetch_messages(const UidSet& uids, MessageSink& sink) {
  return during("fetch the messages", impl_->open_name(),
                [&] { return impl_->fetch_messages(uids, sink); });
}

void Session::fetch_states(const UidSet& uids, std::optional<std::uint64_t> changed_since,
                           const std::function<void(const MessageItems&)>& take) {
  during("fetch the flags", impl_->open_name(),
         [&] { impl_->fetch_states(uids, changed_since, take); });
}

void Session::fetch_identities(const UidSet& uids,
                               const std::function<void(const MessageItems&)>& take) {
  during("fetch sizes and dates", impl_->open_name(), [&] { impl_->fetch_identities(uids, take); });
}

void Session::fetch_all_but_bodies(const UidSet& uids,
                                   const std::function<void(const MessageItems&)>& take) {
  during("fetch messages without bodies", impl_->open_name(),
         [&] { impl_->fetch_all_but_bodies(uids, take); });
}

UidSet Session::search_all() {
  return during("search", impl_->open_name(), [this] { return impl_->search_all(); });
}

Session::Created Session::create(std::string_view raw_name) {
  return during("create", raw_name, [&] { return impl_->create(raw_name, {}); });
}

Session::Created Session::create_for(std::string_view raw_name, std::span<const std::string> uses) {
  return during("create", raw_name, [&] { return impl_->create(raw_name, uses); });
}

std::vector<std::vector<AclEntry>> Session::acls(std::span<const std::string> raw_names) {
  return impl_->acls(raw_names);
}

std::vector<AclEntry> Session::inbox_rights() {
  return during("get the rights", kInbox, [&] { return impl_->inbox_rights(); });
}

std::vector<FolderDetails> Session::details(std::span<const std::string> raw_names,
                                            std::size_t folders, Quotas quotas) {
  return during("get details", "*", [&] { return impl_->details(raw_names, folders, quotas); });
}

void Session::set_acl(std::string_view raw_name, const AclEntry& entry) {
  during("set the ACL", raw_name, [&] { impl_->set_acl(raw_name, entry); });
}

void Session::remove(std::string_view raw_name) {
  during("delete", raw_name, [&] { impl_->run_on_folder("DELETE", raw_name); });
}

std::vector<std::string> Session::subscriptions() {
  return during("list subscriptions", "", [&] { return impl_->subscriptions(); });
}

void Session::subscribe(std::string_view raw_name) {
  during("subscribe", raw_name, [&] { impl_->run_on_folder("SUBSCRIBE", raw_name); });
}

void Session::unsubscribe(std::string_view raw_name) {
  during("unsubscribe", raw_name, [&] { impl_->run_on_folder("UNSUBSCRIBE", raw_name); });
}

std::vector<AppendAnswer> Session::append(std::string_view raw_name,
                                          std::span<const AppendMessage> messages,
                                          Literals literals) {
  return during("append", raw_name, [&] { return impl_->append(raw_name, messages, literals); });
}

AppendAnswer Session::append_together(std::string_view raw_name,
                                      std::span<const AppendMessage> messages, Literals literals) {
  return during("append", raw_name,
                [&] { return impl_->append_together(raw_name, messages, literals); });
}

bool Session::is_usable() const {
  return impl_->is_usable();
}

void Session::add_flags(const UidSet& uids, std::span<const std::string> flags) {
  during("set flags", impl_->open_name(), [&] { impl_->add_flags(uids, flags); });
}

void Session::expunge(const UidSet& uids) {
  during("expunge", impl_->open_name(), [&] { impl_->expunge(uids); });
}

std::vector<QuotaRoot> Session::quota_roots(std::string_view raw_name) {
  return during("get the quota", raw_name, [&] { return impl_->quota_roots(raw_name); });
}

void Session::set_quota(std::string_view root, std::span<const QuotaResource> limits) {
  during("set the quota", root, [&] { impl_->set_quota(root, limits); });
}

void Session::logout() {
  impl_->logout();
}

}  // namespace imap
