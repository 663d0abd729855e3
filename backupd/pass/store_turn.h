// The turn at the store: a lock that gives one thread at a time the use of the store.
//
// Each account is passed on a thread of its own. Writer, Reader, drafts, the commit schedule and
// what a commit reads of other accounts may only be used by the thread that holds the turn. A
// thread holds it while it works, and gives it up, by away(), whenever it waits for a server: so
// while one account's messages are stored, those of the others are being received.
#pragma once

#include <mutex>
#include <utility>

namespace backupd {

class StoreTurn {
 public:
  // Waits for the turn.
  explicit StoreTurn(std::mutex& store) : lock_(store) {}

  // Runs `work` without the turn, then waits for the turn again, even if `work` throws.
  template <typename Work>
  auto away(Work&& work) {
    lock_.unlock();
    const Back back(lock_);
    return std::forward<Work>(work)();
  }

  // Runs `work` with the turn; to be called within away().
  template <typename Work>
  auto back(Work&& work) {
    lock_.lock();
    const Away away(lock_);
    return std::forward<Work>(work)();
  }

 private:
  using Lock = std::unique_lock<std::mutex>;

  struct Back {
    explicit Back(Lock& held) : lock(held) {}
    Back(const Back&) = delete;
    Back& operator=(const Back&) = delete;
    ~Back() { lock.lock(); }
    Lock& lock;
  };
  struct Away {
    explicit Away(Lock& held) : lock(held) {}
    Away(const Away&) = delete;
    Away& operator=(const Away&) = delete;
    ~Away() { lock.unlock(); }
    Lock& lock;
  };

  Lock lock_;
};

}  // namespace backupd
