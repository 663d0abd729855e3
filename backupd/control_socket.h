// Where the other commands talk to a running daemon: a Unix socket beside the index, for the
// store's owner (and root) alone. One line to the daemon, one answer (a JSON document) back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/config.h"
#include "base/handle.h"

namespace backupd {

base::Path control_socket_path(const base::StoreConfig& store);

class ControlSocket {
 public:
  // For the one daemon of a store: what a dead one left is replaced. Fails with kConfig if the path
  // is longer than a socket's may be, kIo if the system refuses.
  explicit ControlSocket(const base::Path& path);
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;
  ~ControlSocket();

  int fd() const { return listener_.get(); }

  // Takes one caller, if there is one, and answers what `answer(request)` gives. A caller that is
  // slow or rude is dropped: it waits for nobody longer than a second.
  template <typename Answer>
  void serve(Answer answer) {
    if (const base::Fd caller = accept()) send(caller, answer(read_line(caller)));
  }

 private:
  base::Fd accept() const;
  static std::string read_line(const base::Fd& caller);
  static void send(const base::Fd& caller, const std::string& text);

  base::Path path_;
  base::Fd listener_;
};

// What the daemon answers; nothing if none runs. Fails with kIo if it does not answer.
std::optional<std::string> ask_daemon(const base::StoreConfig& store, std::string_view request);

}  // namespace backupd
