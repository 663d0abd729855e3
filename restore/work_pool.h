// Several connections to one account; work goes to any that is free.
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
  // them. `first` and everything that `open` refers to must outlive the pool. If the server accepts
  // no further connection, the pool makes do with those it has.
  WorkPool(imap::Session& first, OpenSession open, unsigned connections);
  ~WorkPool();  // drops work that has not begun
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  // Call from one thread. Waits while more than `kMaxBytes` are queued; throws the error of a work
  // item that failed, after which no further item is begun.
  void put(std::uint64_t bytes, Work work);

  // Waits until all work is done; throws the error of a work item that failed.
  void finish();

  static constexpr std::uint64_t kMaxBytes = 16U << 20U;

 private:
  struct Item {
    std::uint64_t bytes = 0;
    Work work;
  };

  void serve(imap::Session& session);
  void serve_new_session();
  void stop();
  void rethrow() const;

  OpenSession open_;
  unsigned max_threads_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Item> items_;
  std::uint64_t waiting_bytes_ = 0;
  unsigned at_work_ = 0;  // connections
  unsigned idle_ = 0;     // connections that wait for work, including those being opened
  bool is_over_ = false;
  std::exception_ptr error_;
  std::vector<std::jthread> threads_;  // last: they end before what they use
};

}  // namespace restore
