// How far a pass over accounts is: a value, and the line of it on a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/progress_line.h"

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

// The progress of a run, shown while it changes. Whoever calls it holds the turn at the store.
class ProgressBoard {
 public:
  // `clock` must outlive it.
  ProgressBoard(std::uint64_t accounts, const base::Clock& clock);

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
};

}  // namespace backupd
