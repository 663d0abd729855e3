// Access rights of a folder (RFC 4314).
#pragma once

#include <string>

namespace imap {

struct AclEntry {
  std::string identifier;  // a user, a group, "anyone"; a leading "-" denies the rights
  std::string rights;      // one letter each
  bool operator==(const AclEntry&) const = default;
};

}  // namespace imap
