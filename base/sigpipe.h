// While it exists, a write to a closed connection does not end the program: OpenSSL writes without
// suppressing SIGPIPE. How signals are handled is up to the program, so SIGPIPE is only blocked for
// this thread, and one that is pending is discarded at the end.
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
