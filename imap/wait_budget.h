// How long the connections of one account may still wait for its server.
//
// A server that sends a little now and then keeps each command alive, and a backup would never end.
// So waiting uses up a budget, and what arrives gives some of it back: a server that is slower than
// every lawful one uses it up. Only time in which a connection waits for the server counts; time in
// which several connections wait counts once.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/clock.h"

namespace imap {

// Thread-safe.
class WaitBudget {
 public:
  using Milliseconds = std::chrono::milliseconds;
  using Steady = std::chrono::steady_clock;

  // Everything that arrives is worth the time that the slowest lawful server takes for it.
  static constexpr Milliseconds kMessageWorth{60'000};     // throttled to one message in a minute
  static constexpr std::uint64_t kBytesPerSecond = 1'024;  // of messages
  static constexpr Milliseconds kStateWorth{10};           // the flags of a message in a scan
  static constexpr Milliseconds kListedWorth{1'000};       // a folder, once all of them are listed
  static constexpr Milliseconds kFolderWorth{60'000};      // a folder that is backed up

  // `clock` must outlive it.
  WaitBudget(Milliseconds whole, const base::Clock& clock);

  Milliseconds whole() const { return whole_; }
  Milliseconds left() const;  // 0 or less: it is used up

  // At most the whole budget is left then.
  void give_back(Milliseconds worth);
  void message_arrived(std::uint64_t bytes);

  // The calling thread waits for the server while this exists, at most for `timeout`. If it is
  // late by more than a second, the process was stopped, and the time beyond does not count.
  class Waiting {
   public:
    explicit Waiting(WaitBudget& budget, std::optional<Milliseconds> timeout = std::nullopt)
        : budget_(budget), timeout_(timeout), begun_(budget.begin()) {}
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() {
      const Steady::duration waited = budget_.end() - begun_;
      if (timeout_ && waited > *timeout_ + kLate) {
        budget_.give_back(std::chrono::floor<Milliseconds>(waited - *timeout_));
      }
    }

   private:
    static constexpr Milliseconds kLate{1'000};

    WaitBudget& budget_;
    std::optional<Milliseconds> timeout_;
    Steady::time_point begun_;
  };

 private:
  Steady::time_point begin();
  Steady::time_point end();
  Steady::duration used_by_now() const;

  const Milliseconds whole_;
  const base::Clock& clock_;
  mutable std::mutex mutex_;  // guards the members below
  Steady::duration used_{};
  unsigned waiting_ = 0;      // threads
  Steady::time_point since_;  // when the first of them began, or since the last give_back()
};

}  // namespace imap
