// The sockets on which the desk listens: those that systemd hands over, by their names "self",
// "proxy" and "staff", and those that the configuration names.
#pragma once

#include <optional>
#include <vector>

#include "base/config/web_config.h"
#include "base/handle.h"
#include "restore/desk/rules.h"

namespace desk {

struct Listener {
  Door door = Door::kSelf;
  base::Fd socket;
  base::Path path;  // to be removed at the end; empty: systemd's
};

// Fails with kConfig without any socket, if a path is too long, or systemd hands over a socket of
// another name; kIo if the system refuses. A socket that a dead desk left behind is replaced. A new
// one admits only its owner: systemd's is for a web server that runs as another user.
std::vector<Listener> open_listeners(const base::WebConfig& web);

// The next connection; closed if it is gone again.
base::Fd accept_from(const Listener& listener);

}  // namespace desk
