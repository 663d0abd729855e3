// One line on stderr that is overwritten as work progresses; nothing is shown if stderr is not a
// terminal.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "base/clock.h"

namespace base {

class ProgressLine {
 public:
  // `clock` must outlive it.
  explicit ProgressLine(const Clock& clock);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();  // erases the line

  // Shows a text at most ten times a second; `is_due` returns beforehand whether it would be shown.
  bool is_due() const;
  void show(const std::string& text);

 private:
  const Clock& clock_;
  bool is_terminal_;
  bool is_shown_ = false;
  std::chrono::steady_clock::time_point last_{};
};

// The same for work that consists of stages, each with an amount that is known.
class StagedProgress {
 public:
  // `clock` must outlive it.
  explicit StagedProgress(const Clock& clock) : clock_(clock), line_(clock) {}

  // "checking: 1.2 GB of 10.4 GB, 120.3 MB/s, 1m 17s left". The speed is that since the first call
  // with this activity.
  void show_bytes(const std::string& activity, std::uint64_t done, std::uint64_t total);

  // "reading snapshots: 1,200 of 3,000"
  void show_count(const std::string& activity, std::uint64_t done, std::uint64_t total);

 private:
  const Clock& clock_;
  ProgressLine line_;
  std::string activity_;
  std::chrono::steady_clock::time_point begin_{};
};

// The part of `text` that fits into one line of a terminal of `columns`, without its last column:
// wrapped text can't be erased again.
std::string cut_to_line(const std::string& text, std::size_t columns);

// "1.2 GB of 10.4 GB, 120.3 MB/s, 1m 17s left". `elapsed` since the work began.
std::string describe_progress(std::uint64_t done, std::uint64_t total,
                              std::chrono::steady_clock::duration elapsed);

}  // namespace base
