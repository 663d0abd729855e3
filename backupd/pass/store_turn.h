// The turn at the store: a lock that gives one thread at a time the use of the store.
//
// Each account is passed on a thread of its own. Writer, Reader, drafts, the commit schedule and
// what a commit reads of other accounts may only be used by the thread that holds the turn. A
// thread holds it while it works, and gives it up, by away(), whenever it waits for a server: so
// while one account's messages are stored, those of the others are being received.
#pragma once

#include <mutex>
#include <utility>

#include "base/finally.h"

namespace backupd {

class StoreTurn {
 public:
  // Waits for the turn.
  explicit StoreTurn(std::mutex& store) : lock_(store) {}

  // Runs `work` without the turn, then waits for the turn again, even if `work` throws.
  template <typename Work>
  auto away(Work&& work) {
    lock_.unlock();
    const base::Finally back([this] { lock_.lock(); });
    return std::forward<Work>(work)();
  }

  // Runs `work` with the turn; to be called within away().
  template <typename Work>
  auto back(Work&& work) {
    lock_.lock();
    const base::Finally away([this] { lock_.unlock(); });
    return std::forward<Work>(work)();
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace backupd
