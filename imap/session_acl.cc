// Session's commands for access rights (RFC 4314).
#include <map>

#include "imap/personal_folders.h"
#include "imap/session_impl.h"

namespace imap {

std::vector<std::vector<AclEntry>> Session::Impl::acls(std::span<const std::string> raw_names) {
  std::vector<std::vector<AclEntry>> acls(raw_names.size());
  if (!capabilities_.has("ACL")) return acls;
  std::vector<Connection::Tag> tags;
  tags.reserve(raw_names.size());
  for (const std::string& raw_name : raw_names) {
    if (can_be_a_string(raw_name)) tags.push_back(start(command("GETACL").string(raw_name)));
  }
  std::map<std::string, std::vector<AclEntry>, std::less<>> received;
  for (const std::string& raw_name : raw_names) received[raw_name];
  const auto take = [&](Response& response) {
    auto* const answer = std::get_if<AclResponse>(&response);
    if (answer == nullptr) return;
    const auto requested = received.find(answer->raw_name);
    if (requested != received.end()) requested->second = std::move(answer->entries);
  };
  // A folder whose rights the user may not read is refused; that does not affect the others.
  for (const Connection::Tag tag : tags) finish(tag, take);
  for (std::size_t at = 0; at < raw_names.size(); ++at) acls[at] = received[raw_names[at]];
  return acls;
}

void Session::Impl::request_my_rights(std::span<const std::string> raw_names) {
  if (!namespaces_.is_guessed || !capabilities_.has("ACL")) return;
  std::vector<Connection::Tag> tags;
  for (const std::string& raw_name : raw_names) {
    const bool is_uncertain =
        is_personal(raw_name, namespaces_) && is_guessed_personal(raw_name, namespaces_);
    // Where the server refuses, the name alone decides.
    if (!is_uncertain || !can_be_a_string(raw_name)) continue;
    if (!is_others_.try_emplace(raw_name, false).second) continue;
    tags.push_back(start(command("MYRIGHTS").string(raw_name)));
  }
  const auto take = [this](Response& response) {
    const auto* const answer = std::get_if<MyRightsResponse>(&response);
    if (answer == nullptr) return;
    const auto found = is_others_.find(answer->raw_name);
    if (found == is_others_.end()) return;
    // The owner of a folder may change its rights.
    found->second = answer->rights.find('a') == std::string::npos;
    connection_.note_progress();
  };
  for (const Connection::Tag tag : tags) finish(tag, take);
}

bool Session::Impl::is_own(std::string_view raw_name) const {
  if (!is_personal(raw_name, namespaces_)) return false;
  const auto found = is_others_.find(raw_name);
  return found == is_others_.end() || !found->second;
}

std::vector<AclEntry> Session::Impl::inbox_rights() {
  if (prefetched_inbox_rights_) return *std::exchange(prefetched_inbox_rights_, std::nullopt);
  const std::string inbox(kInbox);
  return acls({&inbox, 1}).front();
}

void Session::Impl::set_acl(std::string_view raw_name, const AclEntry& entry) {
  require_ok(run(command("SETACL").string(raw_name).string(entry.identifier).string(entry.rights)));
}

}  // namespace imap
