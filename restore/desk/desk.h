// The restore desk: answers the requests of web servers (docs/desk-protocol.md). It knows who is
// logged in and what that person may see; it never trusts a name that the web server gives.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include <nlohmann/json_fwd.hpp>

#include "base/program/program.h"
#include "restore/desk/connection.h"
#include "restore/desk/services.h"

namespace desk {

class Desk {
 public:
  // At the same time, on all sockets; further ones are closed.
  static constexpr std::size_t kMaxConnections = 128;

  // Fails as SealedRecords::open() does.
  explicit Desk(const base::Environment& environment);
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;
  ~Desk();  // waits for the requests that are being answered

  // Answers one request in a thread of its own.
  void serve(base::Fd socket, Door door);

  // The same in this thread: for tests.
  void answer(Connection& connection, Door door);

  void forget_old() { ledger_.forget_old(); }

  // For tests, which have no mail server for every login.
  Sessions& sessions() { return sessions_; }
  Ledger& ledger() { return ledger_; }

 private:
  void carry_out(const Request& request, Door door, Connection& connection, Afterwards& afterwards);
  nlohmann::ordered_json dispatch(const Request& request, const Caller& caller,
                                  Afterwards& afterwards);
  Caller identify(const Request& request, Door door);
  bool is_expected_user(const Connection& connection, Door door) const;
  void leave();  // by a thread that served a connection

  const base::Environment& environment_;
  Sessions sessions_;
  Throttle logins_;
  Throttle codes_;
  Ledger ledger_;
  Children children_;
  Jobs jobs_;
  AccountLocks locks_;
  Services services_;
  std::mutex mutex_;
  std::condition_variable has_left_;
  std::size_t connections_ = 0;
};

}  // namespace desk
