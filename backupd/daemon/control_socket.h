// Where the other commands talk to a running daemon: a Unix socket beside the index, for the
// store's owner (and root) alone. One line to the daemon, one answer (a JSON document) back.
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

// Somebody who asked the daemon, and what. The connection is theirs until it is closed.
struct ControlCall {
  base::Fd caller;
  std::string request;
};

class ControlSocket {
 public:
  // For the one daemon of a store: what a dead one left is replaced. Fails with kConfig if the path
  // is longer than a socket's may be, kIo if the system refuses.
  explicit ControlSocket(const base::Path& path);
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;
  ~ControlSocket();

  int fd() const { return listener_.get(); }

  // The caller that waits, once fd() is readable; nothing if it is gone. One that is slow or rude
  // asked for nothing: it is waited for no longer than a second.
  std::optional<ControlCall> take() const;

 private:
  base::Path path_;
  base::Fd listener_;
};

// An answer that its caller does not take is lost: there is nobody to tell.
void answer(const base::Fd& caller, std::string_view text);

// The process that called.
pid_t process_of(const base::Fd& caller);

// Whether the other end is closed, by hand or because its process died.
bool has_hung_up(const base::Fd& caller);

// Asks the daemon and leaves the connection open for its answers; closed if none runs. Fails with
// kIo.
base::Fd call_daemon(const base::StoreConfig& store, const ControlRequest& request);

// What the daemon answers; nothing if none runs. Fails with kIo if it does not answer.
std::optional<std::string> ask_daemon(const base::StoreConfig& store,
                                      const ControlRequest& request);

}  // namespace backupd
