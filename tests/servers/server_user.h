// Whom test servers run as: an ordinary user, always.
#pragma once

#include <string>

#include "base/file_system.h"
#include "tests/servers/process.h"

namespace servers {

struct ServerUser {
  std::string name;
  std::string group;
  Account account;
};

// Root's servers run as `nobody`, so that they are configured as an ordinary user's are; anybody
// else's run as themselves.
ServerUser server_user();

// Gives `path` and what is below it to the user. Nothing to do unless the caller is root.
void give_to(const ServerUser& user, const base::Path& path);

}  // namespace servers
