// Session's commands for access rights (RFC 4314).
#include <map>

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
  const auto take = [&](Response& response) {
    auto* const answer = std::get_if<AclResponse>(&response);
    if (answer != nullptr) received[answer->raw_name] = std::move(answer->entries);
  };
  // A folder whose rights the user may not read is refused; that does not affect the others.
  for (const Connection::Tag tag : tags) finish(tag, take);
  for (std::size_t at = 0; at < raw_names.size(); ++at) {
    const auto found = received.find(raw_names[at]);
    if (found != received.end()) acls[at] = found->second;
  }
  return acls;
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
