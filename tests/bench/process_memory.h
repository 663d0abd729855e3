// The memory of running programs and of those that they start, as /proc shows it.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace bench {

// The memory of a program, or of all children of a program together.
struct MemoryUse {
  std::size_t processes = 0;  // at most, at a time
  double megabytes = 0;       // at most, all of them; what they share counts once
  double largest = 0;         // megabytes: the peak of one process
};

// Watches from its construction on, several times a second.
class MemoryWatch {
 public:
  // The names of programs, and of those whose children are watched too.
  struct Watched {
    std::string name;
    pid_t pid = 0;
    std::string children = {};  // their name in the result; empty: not watched
  };

  explicit MemoryWatch(std::vector<Watched> watched);
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;
  ~MemoryWatch();

  // By name. Ends the watching.
  const std::map<std::string, MemoryUse>& result();

 private:
  void watch();
  void look();

  std::vector<Watched> watched_;
  std::map<std::string, MemoryUse> use_;
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

}  // namespace bench
