#include "imap/inbox_owner.h"

#include <algorithm>

#include "base/ascii.h"

namespace imap {

namespace {

using base::equal_ignoring_case;

std::string_view without_domain(std::string_view name) {
  return name.substr(0, name.find('@'));
}

bool is_same_user(std::string_view a, std::string_view b) {
  const bool have_domains = a.find('@') != a.npos && b.find('@') != b.npos;
  return have_domains ? equal_ignoring_case(a, b)
                      : equal_ignoring_case(without_domain(a), without_domain(b));
}

}  // namespace

InboxOwner owner_of_inbox(std::span<const AclEntry> inbox_rights, std::string_view account,
                          std::string_view admin) {
  const auto is_named = [&](std::string_view user) {
    return std::any_of(inbox_rights.begin(), inbox_rights.end(),
                       [&](const AclEntry& entry) { return is_same_user(entry.identifier, user); });
  };
  // The right 'a' allows changing the ACL (RFC 4314, section 2.1).
  const auto owns = [&](std::string_view user) {
    return std::any_of(inbox_rights.begin(), inbox_rights.end(), [&](const AclEntry& entry) {
      return entry.rights.find('a') != std::string::npos && is_same_user(entry.identifier, user);
    });
  };
  if (owns(account)) return InboxOwner::kAccount;
  // Some sites grant admins all rights to every INBOX, and its owner fewer.
  return owns(admin) && !is_named(account) ? InboxOwner::kAdmin : InboxOwner::kUnknown;
}

}  // namespace imap
