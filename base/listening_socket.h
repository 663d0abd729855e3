// Sockets on which a program listens: its own, and those that systemd hands over.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/handle.h"

namespace base {

struct HandedSocket {
  std::string name;  // FileDescriptorName= of the unit
  Fd socket;
};

// Those that systemd hands over to this process (sd_listen_fds(3)), at most 16. A second call
// returns none: the variables that announce them are removed, for the sake of programs that this
// one starts. Fails with kConfig if there are more.
std::vector<HandedSocket> handed_over_sockets();

// A Unix socket that only this user may connect to (0600); one that a stopped program left behind
// is replaced. Fails with kConfig if the path is too long, with kIo.
Fd listen_on_path(const Path& path);

// `host`: an IPv4 or IPv6 address. Fails with kConfig, such as for a port that is in use.
Fd listen_on(const std::string& host, std::uint16_t port);

}  // namespace base
