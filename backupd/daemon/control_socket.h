// The Unix socket beside the index through which other commands reach a running daemon. Only the
// store's owner and root may use it. backupd/daemon/control_protocol.h has what crosses it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "backupd/daemon/control_protocol.h"
#include "base/config/config.h"
#include "base/handle.h"

namespace backupd {

base::Path control_socket_path(const base::StoreConfig& store);

// A request to the daemon and the connection it came on, which stays open until `caller` is closed.
struct ControlCall {
  base::Fd caller;
  std::string request;
};

class ControlSocket {
 public:
  // For the one daemon of a store; replaces a socket that a dead daemon left behind. Fails with
  // kConfig if the path is too long for a socket, kIo if the system refuses.
  explicit ControlSocket(const base::Path& path);
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;
  ~ControlSocket();

  int fd() const { return listener_.get(); }

  // Accepts the pending connection once fd() is readable; nullopt if it is gone. A receive waits at
  // most one second; the request is empty or cut short if the caller sends too slowly.
  std::optional<ControlCall> accept() const;

 private:
  base::Path path_;
  base::Fd listener_;
};

// An answer that the caller does not read is lost; the failure is not reported.
void answer(const base::Fd& caller, std::string_view text);

// The process id of the caller.
pid_t process_of(const base::Fd& caller);

// Whether the other end was closed, deliberately or because its process died.
bool has_hung_up(const base::Fd& caller);

// Sends a request to the daemon and leaves the connection open for the answer. Returns a closed Fd
// if no daemon runs. Fails with kIo.
base::Fd call_daemon(const base::StoreConfig& store, const ControlRequest& request);

// The answer of the daemon; nullopt if no daemon runs. Fails with kIo if the daemon does not
// answer.
std::optional<std::string> ask_daemon(const base::StoreConfig& store,
                                      const ControlRequest& request);

}  // namespace backupd
