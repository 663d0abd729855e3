// A program that serves a Unix socket.
//
//   programs::ListeningProgram desk(mailstow.restore_command({"desk"}), socket, log);
//   tests::exchange(desk.socket(), request);
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/file_system.h"
#include "tests/servers/process.h"

namespace programs {

class ListeningProgram {
 public:
  // `command` makes it listen on `socket`; its output is appended to `log`; `environment` is all of
  // its environment. It accepts connections when this returns. Fails with the log if it ends
  // before, or takes longer than a minute.
  ListeningProgram(std::vector<std::string> command, base::Path socket, base::Path log,
                   std::vector<std::string> environment = {});

  void start();  // again

  // SIGKILL: to the program alone, not to those that it started.
  void kill();

  void stop();

  const base::Path& socket() const { return socket_; }
  pid_t pid() const { return process_->pid(); }
  std::vector<pid_t> children(std::string_view name) const { return process_->children(name); }

 private:
  std::vector<std::string> command_;
  base::Path socket_;
  base::Path log_;
  std::vector<std::string> environment_;
  std::unique_ptr<servers::Process> process_;
};

}  // namespace programs
