#include "restore/desk/listeners.h"

#include <array>
#include <string_view>
#include <utility>

#include <sys/socket.h>

#include "base/error.h"
#include "base/listening_socket.h"
#include "base/terminal.h"

namespace desk {

namespace {

Door door_named(std::string_view name) {
  if (name == "self") return Door::kSelf;
  if (name == "proxy") return Door::kProxy;
  if (name == "staff") return Door::kStaff;
  base::fail(base::ErrorCode::kConfig,
             "desk: systemd hands over a socket named \"{}\": FileDescriptorName= must be self, "
             "proxy or staff",
             base::escape_for_terminal(name));
}

}  // namespace

std::vector<Listener> open_listeners(const base::WebConfig& web) {
  std::vector<Listener> listeners;
  for (base::HandedSocket& handed : base::handed_over_sockets()) {
    listeners.push_back({door_named(handed.name), std::move(handed.socket), {}});
  }
  const std::array<std::pair<Door, base::Path>, 3> configured = {
      {{Door::kSelf, web.self.socket.path},
       {Door::kProxy, web.self.proxy_socket.path},
       {Door::kStaff, web.staff.socket.path}}};
  for (const auto& [door, path] : configured) {
    if (!path.empty()) listeners.push_back({door, base::listen_on_path(path), path});
  }
  if (listeners.empty()) {
    base::fail(base::ErrorCode::kConfig,
               "desk: there is no socket: enable mailstow-desk.socket, or set web.self.socket");
  }
  return listeners;
}

base::Fd accept_from(const Listener& listener) {
  return base::Fd(::accept4(listener.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
}

}  // namespace desk
