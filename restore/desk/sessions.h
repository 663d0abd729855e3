// Who is logged in. In memory only: when the desk is started again, everybody logs in again.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "restore/desk/rules.h"

namespace desk {

struct Session {
  std::string id;  // for counting what a person does at a time; not the token
  Door door = Door::kSelf;
  Role role = Role::kOwner;
  std::string person;          // the name under which the person logged in
  std::string account;         // of an owner; empty for staff
  std::uint64_t sequence = 0;  // of the oldest snapshot that an owner may see
  // The same for what people did: an earlier holder of the mailbox may have done it before.
  std::chrono::sys_seconds holder_since{};
  std::string client;  // the address of the login
  std::chrono::steady_clock::time_point ends{};
  std::chrono::steady_clock::time_point confirmed{};  // the last login
};

// Thread-safe.
class Sessions {
 public:
  static constexpr std::size_t kMaxSessions = 10'000;
  static constexpr std::size_t kMaxOfPerson = 10;  // a further login ends the oldest

  explicit Sessions(const base::Clock& clock) : clock_(clock) {}

  // Returns the token, which only the person gets: nothing here can be turned back into it. The
  // session begins now and lasts for `length`. Nullopt if there are too many.
  std::optional<std::string> begin(Session session, std::chrono::seconds length);

  // Nullopt for a token that is unknown, over, or from another door.
  std::optional<Session> find(const std::string& token, Door door);

  // A further login has succeeded: it is recent from now on. What it showed about the mailbox
  // replaces the session's.
  void confirm(const std::string& token, std::uint64_t sequence,
               std::chrono::sys_seconds holder_since);

  void end(const std::string& token);

  // Whether the last proof is at most this old.
  bool is_recent(const Session& session, std::chrono::seconds age) const;

 private:
  void forget_ended();  // with the mutex held

  const base::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Session> sessions_;  // by the hash of the token
};

}  // namespace desk
