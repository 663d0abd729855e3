// Who may do what with a folder (RFC 4314).
#pragma once

#include <string>

namespace imap {

struct AclEntry {
  std::string identifier;  // a user, a group, "anyone"; with "-" in front: what it may not
  std::string rights;      // a letter each
  bool operator==(const AclEntry&) const = default;
};

}  // namespace imap
