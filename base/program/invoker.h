// Who started the program, and as whom it works.
#pragma once

#include <string>

#include "base/file_system.h"

namespace base {

struct Invoker {
  std::string user;       // the real user's name, or its number if it has none
  std::string sudo_user;  // who became root by sudo, as sudo tells it; else empty
};

// Before become_owner_of, which changes the real user too.
Invoker invoker();

// Started as root, the program becomes the user and the groups that own `store`, or where that is
// not made yet the nearest folder above it: a file of root's in a store would lock its service out.
// For good, and $HOME with it. Nothing changes for others, or where root is the owner. Fails with
// kIo if the system refuses.
void become_owner_of(const Path& store);

}  // namespace base
