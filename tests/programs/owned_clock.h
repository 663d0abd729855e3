// A clock that the test controls, for whole programs: programs started during its lifetime use its
// time.
//
//   programs::OwnedClock clock("2027-03-26T12:00:00Z");
//   mailstow.backupd({"once"});                 // at noon of that day
//   clock.set(clock.now() + std::chrono::hours(12));
//
// It advances by itself, as any clock does; it does not shorten waits. Programs that are made
// with an environment of their own want environment() in it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/temporary_directory.h"

namespace programs {

class OwnedClock {
 public:
  explicit OwnedClock(const char* rfc3339);
  explicit OwnedClock(std::chrono::sys_seconds time);
  OwnedClock(const OwnedClock&) = delete;
  OwnedClock& operator=(const OwnedClock&) = delete;
  ~OwnedClock();

  std::chrono::sys_seconds now() const;

  // Also affects programs that are already running.
  void set(std::chrono::sys_seconds time);

  // For running programs: this much time seems to pass, by the clocks that can't be set. What waits
  // on such a clock waits for longer then.
  void let_pass(std::chrono::seconds time);

  std::vector<std::string> environment() const;

 private:
  tests::TemporaryDirectory directory_;
  void write() const;

  std::atomic<std::int64_t> shift_ = 0;  // a relay may set the clock while the test reads it
  std::int64_t passed_ = 0;
};

// Noon (UTC) four months after today's, whenever that is: for tests that did something by the true
// clock before.
std::chrono::sys_seconds noon_in_four_months();

}  // namespace programs
