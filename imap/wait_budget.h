// How long the connections of one account may still wait for its server, and how much it may send.
//
// A server that sends a little now and then keeps each command alive, and a backup would never end.
// So waiting uses up a budget, and what arrives gives some of it back: a server that is slower than
// every lawful one uses it up. Only time in which a connection waits for the server counts; time in
// which several connections wait counts once.
//
// A server that floods never makes us wait. So the bytes that arrive use up a budget of their own,
// and progress gives some of them back, as it gives back time.
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

  // Bytes without progress. This many may arrive for each second of the whole budget: 14 GiB in
  // four hours, and never less than one of the longest lines.
  static constexpr std::uint64_t kNeedlessBytesPerSecond = std::uint64_t{1} << 20U;
  static constexpr std::uint64_t kMinNeedlessBytes = std::uint64_t{96} << 20U;

  // `clock` must outlive it.
  WaitBudget(Milliseconds whole, const base::Clock& clock);

  Milliseconds whole() const { return whole_; }
  Milliseconds left() const;  // 0 or less: it is used up

  std::uint64_t whole_bytes() const { return whole_bytes_; }
  bool is_flooded() const;  // more than whole_bytes() arrived without progress

  void bytes_arrived(std::uint64_t bytes);
  // The bytes belong to a message that was requested: Limits::max_message bounds them.
  void bytes_wanted(std::uint64_t bytes);

  // At most the whole budget of time and bytes is left then.
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
        budget_.spare(std::chrono::floor<Milliseconds>(waited - *timeout_));
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
  void spare(Milliseconds stopped);  // gives back time, and no bytes
  Steady::duration used_by_now() const;
  void give_back_time(Milliseconds worth);
  void give_back_bytes(std::uint64_t bytes);

  const Milliseconds whole_;
  const std::uint64_t whole_bytes_;
  const base::Clock& clock_;
  mutable std::mutex mutex_;  // guards the members below
  Steady::duration used_{};
  std::uint64_t used_bytes_ = 0;
  unsigned waiting_ = 0;      // threads
  Steady::time_point since_;  // when the first of them began, or since the last give_back()
};

}  // namespace imap
