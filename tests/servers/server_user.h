// The user that test servers run as: always an unprivileged one.
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

// Servers started by root run as `nobody`, with the configuration of an ordinary user's server;
// servers of other users run as that user.
ServerUser server_user();

// Changes the owner of `path` and everything below it to the user. No-op unless the caller is root.
void give_to(const ServerUser& user, const base::Path& path);

}  // namespace servers
