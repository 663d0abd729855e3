// How far a pass over accounts is: a value, and the line of it on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/program/progress_line.h"

namespace backupd {

struct PassProgress {
  std::string account;  // where something last happened
  std::string folder;   // shown name
  std::uint64_t accounts = 0;
  std::uint64_t accounts_done = 0;
  // Of new mail. What is to come is what servers told of it until now, and 0 where they didn't: it
  // grows as more accounts are looked at.
  std::uint64_t messages = 0;
  std::uint64_t messages_to_come = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_to_come = 0;
};

// "43.2 MB of 1.2 GB, 12.1 MB/s, 1m 35s left, 1,204 of 10,000 messages: alice: Archive/2023"
std::string describe(const PassProgress& progress, std::chrono::steady_clock::duration elapsed);

// And for how long it has been under way.
struct TimedProgress {
  PassProgress progress;
  std::chrono::steady_clock::duration elapsed{};
};

// One document, and back: nothing of what is none. Rate and time left are for whoever reads it.
nlohmann::ordered_json to_json(const TimedProgress& timed);
std::optional<TimedProgress> progress_in(std::string_view document);

// The progress of a run, shown while it changes. Whoever calls it holds the turn at the store.
class ProgressBoard {
 public:
  using Tell =
      std::function<void(const PassProgress&, std::chrono::steady_clock::duration elapsed)>;

  // `clock` must outlive it. `tell` hears of all that is shown on a terminal, terminal or not.
  ProgressBoard(std::uint64_t accounts, const base::Clock& clock, Tell tell = {});

  // What the server tells that is to be fetched of an account.
  void expect(std::uint64_t messages, std::uint64_t bytes);
  void begin_folder(const std::string& account, const std::string& folder);
  void message(std::uint64_t bytes);
  void finish_account();
  void end() { line_.reset(); }  // nothing is shown any more

  const PassProgress& progress() const { return progress_; }

 private:
  void show();

  PassProgress progress_;
  const base::Clock& clock_;
  std::chrono::steady_clock::time_point begun_;
  std::optional<base::ProgressLine> line_;
  Tell tell_;
};

}  // namespace backupd
