// Keeps a write to a closed connection from ending the program, for as long as it lives: OpenSSL
// writes with SIGPIPE on. Signals are the program's affair, so it is held back for this thread only
// and taken away again.
#pragma once

#include <csignal>

namespace base {

class NoSigpipe {
 public:
  NoSigpipe();
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe();

 private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

}  // namespace base
