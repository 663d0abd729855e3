// Opens the sessions of one account for a program that goes on without what its server does not do.
#pragma once

#include <functional>
#include <mutex>
#include <utility>

#include "base/config/config.h"
#include "imap/account_login.h"
#include "imap/connection_lost.h"
#include "imap/session.h"
#include "imap/shortcomings.h"

namespace imap {

// Thread-safe. Each shortcoming is logged once, as a warning.
class AccountOpener {
 public:
  AccountOpener(base::ServerConfig server, base::AccountConfig account)
      : server_(std::move(server)), account_(std::move(account)) {}

  // As open_account(), also if the server falls silent over an optional command, or breaks two
  // connections over it: the session is then one without it.
  Session open();

  // Returns `work()`. If a session of this account is lost in it over an optional command, calls
  // `reopen`, which is to replace that session by one of open(), and then `work` again.
  template <typename Work>
  auto run(const std::function<void()>& reopen, const Work& work) {
    for (;;) {
      try {
        return work();
      } catch (const ConnectionLost& lost) {
        if (!works_around(lost)) throw;
      }
      reopen();
    }
  }

 private:
  bool works_around(const ConnectionLost& lost);

  const base::ServerConfig server_;
  const base::AccountConfig account_;
  std::mutex mutex_;
  Shortcomings shortcomings_;
};

}  // namespace imap
