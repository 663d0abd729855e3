// The user who started the program, and the user it runs as.
#pragma once

#include <string>

#include "base/file_system.h"

namespace base {

struct Invoker {
  std::string user;       // the real user's name, or its number if it has none
  std::string sudo_user;  // the user who became root through sudo, as reported by sudo; else empty
};

// Must be called before become_owner_of(), which changes the real user too.
Invoker invoker();

// If the program was started as root, switches permanently, $HOME included, to the user and the
// groups that own `directory`, or its nearest existing parent if it does not exist yet: a file
// owned by root in a store or beside its index would lock its service out. Changes nothing for
// other users, or if root is the owner. Fails with kIo if the system refuses.
void become_owner_of(const Path& directory);

}  // namespace base
