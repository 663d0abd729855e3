// The restore desk: answers the requests of web servers (docs/desk-protocol.md). It knows who is
// logged in and what that person may see; it never trusts a name that the web server gives.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>

#include <nlohmann/json_fwd.hpp>

#include "base/program/program.h"
#include "restore/desk/connection.h"
#include "restore/desk/places.h"
#include "restore/desk/services.h"

namespace desk {

class Desk {
 public:
  // At the same time, on all sockets and on one; further ones are closed.
  static constexpr std::size_t kMaxConnections = 128;
  static constexpr std::size_t kMaxOfDoor = 96;
  // Requests at a time, of one session and from one network; further ones are refused.
  static constexpr std::size_t kMaxOfSession = 6;
  static constexpr std::size_t kMaxOfNetwork = 32;

  // Fails as SealedRecords::open() does.
  explicit Desk(const base::Environment& environment);
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;
  ~Desk();  // stops, and waits for the requests that are being answered

  // Parks the restores, ends what can be requested again, and cuts streams. From another thread or
  // none: requests that come later are refused.
  void stop();

  // Answers one request in a thread of its own.
  void serve(base::Fd socket, Door door);

  // The same in this thread: for tests.
  void answer(Connection& connection, Door door);

  // Removes what is no longer needed, and has mail sent in a thread of its own.
  void forget_old();
  void mail_about_grants();

  // For tests, which have no mail server for every login.
  Sessions& sessions() { return sessions_; }
  Ledger& ledger() { return ledger_; }

 private:
  void carry_out(const Request& request, Door door, Connection& connection, Afterwards& afterwards);
  nlohmann::ordered_json dispatch(const Request& request, const Caller& caller,
                                  Afterwards& afterwards);
  Caller identify(const Request& request, Door door);
  bool is_expected_user(const Connection& connection, Door door) const;
  class Present;
  template <typename Work>
  void start_thread(Work work);

  const base::Environment& environment_;
  Sessions sessions_;
  Throttle logins_;
  Throttle codes_;
  Ledger ledger_;
  Children children_;
  Jobs jobs_;
  AccountLocks locks_;
  Services services_;
  Places connections_{kMaxConnections, kMaxOfDoor};
  Places of_session_{kMaxConnections, kMaxOfSession};
  Places of_network_{kMaxConnections, kMaxOfNetwork};
  std::mutex mutex_;
  std::condition_variable has_left_;
  std::set<Connection*> present_;
  std::size_t threads_ = 0;
  bool is_stopping_ = false;
};

}  // namespace desk
