// Verifies which account an admin's login opened. A login on behalf of another user may open the
// admin's own account, if the server, or a proxy in front of it, drops the authorization identity.
#pragma once

#include <span>
#include <string_view>

#include "imap/acl.h"

namespace imap {

enum class InboxOwner {
  kAccount,  // so the login opened the right account
  kUnknown,  // the server does not reveal it
  kAdmin,
};

// Decides by the ACL of INBOX: servers list its owner there, with the right to change the ACL. A
// domain that only one of two names has is ignored.
InboxOwner owner_of_inbox(std::span<const AclEntry> inbox_rights, std::string_view account,
                          std::string_view admin);

}  // namespace imap
