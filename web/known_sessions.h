// Whom a session belongs to, as the desk said at its login: saves a request to the desk each time.
// Only the desk decides whether a session is valid, and what it may do.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace web {

struct SessionHolder {
  std::string person;
  std::string role;
  std::string account;  // of an owner; empty for staff
};

// Thread-safe. Forgets the oldest of too many.
class KnownSessions {
 public:
  static constexpr std::size_t kMaxKnown = 20'000;

  void add(const std::string& token, const SessionHolder& holder);
  void remove(const std::string& token);
  std::optional<SessionHolder> find(const std::string& token) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, SessionHolder> holders_;
  std::deque<std::string> order_;
};

}  // namespace web
