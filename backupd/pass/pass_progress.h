// The progress of a pass over accounts: as a value, and as a line on a terminal.
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
  // Counts of new mail. `..._to_come` are the totals that the servers have reported so far, 0 if
  // they did not; they grow as more accounts are opened.
  std::uint64_t messages = 0;
  std::uint64_t messages_to_come = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_to_come = 0;
};

// "43.2 MB of 1.2 GB, 12.1 MB/s, 1m 35s left, 1,204 of 10,000 messages: alice: Archive/2023"
std::string describe(const PassProgress& progress, std::chrono::steady_clock::duration elapsed);

// The progress, and how long the pass has been running.
struct TimedProgress {
  PassProgress progress;
  std::chrono::steady_clock::duration elapsed{};
};

// Writes and reads one document; progress_in() returns nullopt if `document` is not one. Rate and
// time left are written for readers, and not read back.
nlohmann::ordered_json to_json(const TimedProgress& timed);
std::optional<TimedProgress> progress_in(std::string_view document);

// Shows the progress of a run while it changes. The caller has the turn at the store.
class ProgressBoard {
 public:
  using Listener =
      std::function<void(const PassProgress&, std::chrono::steady_clock::duration elapsed)>;

  // `clock` must outlive this. `listener` gets all progress that would be shown, even if there is
  // no terminal.
  ProgressBoard(std::uint64_t accounts, const base::Clock& clock, Listener listener = {});

  // Adds what the server reports that is to be fetched of an account. Once `bytes` were unknown for
  // one, the sum is.
  void expect(std::uint64_t messages, std::optional<std::uint64_t> bytes);
  void begin_folder(const std::string& account, const std::string& folder);
  void message(std::uint64_t bytes);
  void finish_account();
  void end() { line_.reset(); }  // nothing is shown after it

  const PassProgress& progress() const { return progress_; }

 private:
  void show();

  PassProgress progress_;
  bool are_bytes_known_ = true;
  const base::Clock& clock_;
  std::chrono::steady_clock::time_point started_;
  std::optional<base::ProgressLine> line_;
  Listener listener_;
};

}  // namespace backupd
