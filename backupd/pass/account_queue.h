// Runs the accounts of one pass, several at a time, with at most as many connections to each server
// as configured. If there are more servers, or connections, than threads, servers take turns: a
// server with many accounts, or slow ones, does not keep the others from being started.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/config/config.h"

namespace backupd {

class AccountQueue {
 public:
  AccountQueue(const base::Config& config, const std::vector<base::AccountConfig>& accounts);

  // Runs `work` for every account, by its index, on several threads, or fewer if this machine can't
  // start as many; each call may have one connection to the account's server. If a call throws, no
  // other account is started, and the exception is rethrown here when those under way are done.
  void run(const std::function<void(std::size_t index)>& work);

  // The right to one further connection to a server, until destroyed.
  class Spare {
   public:
    Spare(Spare&& other) noexcept;
    Spare& operator=(Spare&&) = delete;
    ~Spare();

   private:
    friend class AccountQueue;
    Spare(AccountQueue& queue, const std::string& server);

    AccountQueue* queue_;
    const std::string* server_;
  };

  // Returns `wanted` spares for an account that is under way, or fewer if its server allows only
  // fewer or other accounts wait for them. Any thread.
  std::vector<Spare> spares(const base::AccountConfig& account, unsigned wanted);

 private:
  struct Server {
    unsigned free = 0;                // connections
    std::deque<std::size_t> waiting;  // accounts
    unsigned under_way = 0;           // accounts
    std::uint64_t last_begun = 0;     // counts the accounts of all servers
  };

  Server* startable();
  bool has_waiting_accounts() const;
  void drain(const std::function<void(std::size_t index)>& work);
  void give_back(Server& server);

  std::mutex mutex_;  // guards the members below
  std::condition_variable changed_;
  std::map<std::string, Server, std::less<>> servers_;
  std::uint64_t started_ = 0;
  std::exception_ptr error_;
};

}  // namespace backupd
