// The accounts of one pass on their way to the store. Logging in and asking what changed is waiting
// for the network: so several accounts do it at a time, each server with no more connections than
// it is configured for, while the one thread that writes passes those that have arrived.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/config.h"
#include "imap/folder.h"
#include "imap/session.h"

namespace backupd {

// An account that is logged in to, and what its server said of its folders.
struct OpenAccount {
  imap::Session session;
  imap::Namespaces namespaces;
  std::vector<imap::Folder> folders;  // as Session::list_personal_folders() gave them
  std::chrono::sys_seconds listed{};  // just before
};

// Fails as imap::open_account() and the session do.
OpenAccount open_and_list(const base::Config& config, const base::AccountConfig& account,
                          const base::Clock& clock);

class AccountQueue {
 public:
  // Called by several threads at a time.
  using Open = std::function<OpenAccount(const base::AccountConfig&)>;

  class Arrival {
   public:
    explicit Arrival(std::size_t index) : index_(index) {}

    std::size_t index() const { return index_; }  // into the queue's accounts
    OpenAccount take();                           // once; throws what opening it failed with

   private:
    friend class AccountQueue;

    std::size_t index_;
    std::optional<OpenAccount> account_;
    std::exception_ptr error_;
    std::chrono::steady_clock::time_point opened_;
  };

  // Begins at once. What is referred to must outlive the queue.
  AccountQueue(const base::Config& config, const std::vector<base::AccountConfig>& accounts,
               const base::Clock& clock, Open open);

  // Whichever account is ready first; nothing when all have been given. One thread calls it, when
  // it is done with the arrival before and has closed its session: that connection is then free.
  std::optional<Arrival> next();

 private:
  struct Server {
    unsigned free = 0;                // connections
    std::deque<std::size_t> waiting;  // accounts
  };

  Server* startable();
  bool is_anyone_waiting() const;
  void work(const std::stop_token& stop);
  Arrival open(std::size_t index) const;

  const std::vector<base::AccountConfig>& accounts_;
  const base::Clock& clock_;
  Open open_;
  std::mutex mutex_;  // of what follows
  std::condition_variable_any changed_;
  std::map<std::string, Server> servers_;
  std::deque<Arrival> arrived_;
  std::size_t left_;                   // accounts that next() has not given
  Server* in_use_ = nullptr;           // of the arrival that was given last
  std::vector<std::jthread> threads_;  // last: they end before what they use
};

}  // namespace backupd
