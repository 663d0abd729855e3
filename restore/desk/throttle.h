// The brake on guessed passwords. It does not know which names exist: an unknown one is slowed down
// like a known one.
//
// A name has 5 failures, then waits of 1, 2, 4, 8 and 15 minutes; a network 20 failures in 15
// minutes. A stranger who fails with a name on purpose must not lock out its owner: a network from
// which a login with this name succeeded has failures and waits of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"

namespace desk {

// Thread-safe.
class Throttle {
 public:
  static constexpr int kFreeFailures = 5;      // of a name
  static constexpr int kNetworkFailures = 20;  // in kNetworkWindow
  static constexpr std::chrono::minutes kNetworkWindow{15};
  static constexpr std::chrono::hours kForgetAfter{24};
  static constexpr std::size_t kMaxEntries = 100'000;  // of each kind
  static constexpr std::size_t kMaxAttempts = 8;       // logins at a time
  static constexpr std::size_t kMaxAttemptsOfNetwork = 3;

  explicit Throttle(const base::Clock& clock) : clock_(clock) {}

  // An attempt is going on: of one name, only one at a time.
  class Attempt {
   public:
    Attempt(Throttle& throttle, std::string name, std::string network)
        : throttle_(throttle), name_(std::move(name)), network_(std::move(network)) {}
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
    ~Attempt() { throttle_.end(name_); }
    void fail() { throttle_.note_failure(name_, network_); }
    void succeed() { throttle_.note_success(name_, network_); }

   private:
    Throttle& throttle_;
    std::string name_;
    std::string network_;
  };

  // How long to wait before an attempt is allowed; nullopt: it has begun, and an Attempt for the
  // same names must be made at once. `network`: of network_of().
  std::optional<std::chrono::seconds> wait_or_begin(const std::string& name,
                                                    const std::string& network);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Failures {
    int count = 0;
    Time last{};
    Time until{};  // no attempt before
  };
  using Table = std::map<std::string, Failures>;

  void note_failure(const std::string& name, const std::string& network);
  void note_success(const std::string& name, const std::string& network);
  void end(const std::string& name);

  // All with the mutex held.
  std::string key_of(const std::string& name, const std::string& network) const;
  Failures& entry(Table& table, const std::string& key);

  const base::Clock& clock_;
  std::mutex mutex_;
  Table names_;  // by key_of()
  Table networks_;
  std::set<std::string> trusted_;  // names with networks from which a login succeeded
  std::map<std::string, std::string> attempted_;  // networks by the names of present attempts
};

}  // namespace desk
