// The progress of a run or an export, as lines of JSON on a descriptor that another program reads.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace restore {

// A reader that is slow misses events, and one that closes its end misses all further ones; neither
// stops or fails the work. Functions may be called from any thread.
class ProgressEvents {
 public:
  // nullopt: nothing is reported. Fails with kUsage unless the descriptor is a pipe or socket that
  // this process inherited and may write to: a file of its own could have the same number.
  ProgressEvents(const base::Clock& clock, std::optional<std::uint32_t> descriptor);
  ProgressEvents(const ProgressEvents&) = delete;
  ProgressEvents& operator=(const ProgressEvents&) = delete;
  ~ProgressEvents();  // reports "failed" unless finish() was called

  struct Total {
    std::string tree;  // empty: not restored as a tree
    std::uint64_t folders = 0;
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
  };
  void plan(Total total);
  // Messages of a folder are written, or found to be there, or can't be.
  void advance(const std::string& folder, std::uint64_t messages, std::uint64_t bytes);
  void finish_folder(const std::string& folder);
  // The connection is lost: the work begins again, and what is reported does not go back.
  void begin_again();
  void finish(int exit_status);

 private:
  void send(std::string_view event, const std::string* folder, std::optional<int> exit_status);
  void send_if_due(std::string_view event, const std::string& folder);
  void write_pending();

  struct Count {
    std::uint64_t folders = 0;
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
  };

  const base::Clock& clock_;
  std::mutex mutex_;
  int descriptor_ = -1;  // -1: no reader
  Total total_;
  Count now_;
  Count shown_;          // the greatest counts so far
  std::string pending_;  // the part of a line that the reader has not taken yet
  std::optional<std::chrono::steady_clock::time_point> last_;
  bool is_finished_ = false;
};

}  // namespace restore
