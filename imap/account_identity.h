// Whose account an admin was let into. A login that acts as somebody else may be answered with the
// admin's own account: by a server, or a proxy before it, that drops the authorization identity.
#pragma once

#include <span>
#include <string_view>

#include "imap/acl.h"

namespace imap {

enum class Identity {
  kProven,   // INBOX belongs to the account
  kUnknown,  // the server does not tell
  kOther,    // INBOX belongs to the admin
};

// By the rights of INBOX: servers list its owner there, with the right to change them. A domain
// that only one of two names has is no difference.
Identity identity_of(std::span<const AclEntry> inbox_rights, std::string_view account,
                     std::string_view admin);

}  // namespace imap
