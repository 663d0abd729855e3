// Several connections to one account, and work for whichever is free.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "imap/session.h"

namespace restore {

class WorkPool {
 public:
  using Work = std::function<void(imap::Session&)>;
  using OpenSession = std::function<imap::Session()>;  // called by several threads at a time

  // `first` is one of the connections; up to `connections` in all are opened as there is work for
  // them. What refers to anything must outlive the pool. A server that lets no further connection
  // in is made do with.
  WorkPool(imap::Session& first, OpenSession open, unsigned connections);
  ~WorkPool();  // what has not begun is dropped
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  // One thread gives the work. Waits while more than `kMaxBytes` of it wait; throws what a work
  // failed with, after which nothing more is begun.
  void put(std::uint64_t bytes, Work work);

  // Waits until all is done; throws what a work failed with.
  void finish();

  static constexpr std::uint64_t kMaxBytes = 16U << 20U;

 private:
  struct Item {
    std::uint64_t bytes = 0;
    Work work;
  };

  void serve(imap::Session& session);
  void serve_another();
  void stop();
  void rethrow() const;

  OpenSession open_;
  unsigned most_threads_;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<Item> items_;
  std::uint64_t waiting_bytes_ = 0;
  unsigned at_work_ = 0;  // connections
  unsigned idle_ = 0;     // connections that wait for work, those that are being opened included
  bool is_over_ = false;
  std::exception_ptr error_;
  std::vector<std::jthread> threads_;  // last: they end before what they use
};

}  // namespace restore
